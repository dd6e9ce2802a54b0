"""System: all that Sickbay needs, and what to do about each thing that does not work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis import Redis

from dashboard import health
from dashboard.celery import QUEUES, seen_key
from dashboard.views.settings.system import NEEDS
from diagnostics.models import Run
from tests.servers import free_port, private_redis
from tests.web.conftest import Look, Page
from tests.web.notified import a_channel, a_delivery
from tests.web.rows import a_cluster, before

pytestmark = pytest.mark.django_db

PATH = "/settings/system"
# The session and its account, eight of the frame, the outbox, two of runs, two of the version of the database and of
# whether it answers; and what the tables are asked whether they are those of this version.
QUERIES = 17
REDIS_CACHE = "django.core.cache.backends.redis.RedisCache"


@pytest.fixture(autouse=True)
def no_redis(settings: Settings) -> None:
    """Redis is down, unless a test starts one."""
    url = f"redis://127.0.0.1:{free_port()}"
    settings.QUEUES_URL = f"{url}/0"
    settings.CACHES = {"default": {"BACKEND": REDIS_CACHE, "LOCATION": f"{url}/2"}}


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with private_redis() as url, Redis.from_url(url) as server:
        settings.QUEUES_URL = url
        settings.CACHES = {"default": {"BACKEND": REDIS_CACHE, "LOCATION": f"{url}/2"}}
        yield server
        caches.close_all()


@pytest.fixture
def workers(redis: Redis) -> Redis:
    """Redis, and in it the sign of life of a worker for every queue."""
    caches["default"].set_many({seen_key(queue): timezone.now().timestamp() for queue in QUEUES})
    return redis


def bad(page: Page) -> list[str]:
    """What does not work, each with what to do."""
    rows = page.html.split('<li class="bad">')[1:]
    return [Page(row.partition("</li>")[0], 200).text.removeprefix("Fails ") for row in rows]


@pytest.mark.usefixtures("workers")
class TestAllWell:
    def test_is_one_sentence(self, look: Look) -> None:
        a_cluster("prod-eu", fresh_at=before(seconds=20))
        page = look(PATH)
        assert page.headline == "Everything that Sickbay needs works"
        assert bad(page) == []
        assert "Queues no task waits" in page.text
        assert "Outbox nothing waits" in page.text
        assert "1 cluster, the oldest read 20 s ago" in page.text

    def test_queues_workers_and_runs_are_listed(self, look: Look, workers: Redis) -> None:
        workers.rpush("rest", "one", "two")
        cluster = a_cluster()
        Run.objects.create(cluster=cluster, kind="sweep", started_at=before(hours=1), seconds=1.25, changes=40)
        Run.objects.create(
            cluster=cluster, kind="follow", started_at=before(minutes=1), seconds=3.5, failure="timed out"
        )
        page = look(PATH)
        assert "rest 2 0 s ago" in page.text
        assert "watch 0 0 s ago" in page.text
        watched = page.part('<section class="card" id="watched"').text
        assert "prod-eu 0 s ago w1 watching" in watched
        assert "0 changes in 3.5 s timed out" in watched
        assert "40 changes" not in watched

    def test_versions_are_told(self, look: Look) -> None:
        page = look(PATH)
        for name in ("Sickbay 0", "Python 3.", "Django 5.", "Kubernetes client ", "Database ", "Redis "):
            assert name in page.text
        assert "does not answer" not in page.text

    def test_an_empty_site_needs_no_cluster(self, look: Look) -> None:
        page = look(PATH)
        assert page.headline == "Everything that Sickbay needs works"
        assert "No cluster is watched yet." in page.text

    def test_costs_the_same_however_many_clusters(
        self, look: Look, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for name in "abc":
            Run.objects.create(cluster=a_cluster(name), kind="sweep", started_at=before(hours=1), seconds=1)
        with django_assert_num_queries(QUERIES):
            look(PATH)


def test_a_dead_redis_is_said_with_what_to_do_and_nothing_is_made_up(look: Look) -> None:
    a_cluster()
    page = look(PATH)
    assert page.status == 200
    assert page.headline == "3 things need you: Redis, Workers, Queues"
    assert "Redis does not answer Start it, or correct REDIS_URL: without it no worker is told of work." in page.text
    assert "Queues not known while Redis does not answer" in page.text
    assert "watch ? ?" in page.text
    assert "no task waits" not in page.text
    assert "not lately" not in page.text


@pytest.mark.usefixtures("no_redis")
@pytest.mark.parametrize("path", ["/settings/retention", "/settings/account", "/settings/tokens", "/setup", "/"])
def test_other_pages_do_without_redis(look: Look, path: str) -> None:
    assert look(path).status == 200


def late_message() -> None:
    a_delivery(a_channel(), state="pending", sent_at=None, due_at=before(minutes=12))


def crashed_check() -> None:
    a_cluster(crashed=[{"check": "oom", "object": "Pod/x", "error": "KeyError('y')"}])


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "outbox": (
        late_message,
        "Outbox 1 message waits, the first for 12 min See under Notifications which channel fails",
    ),
    "watches": (
        lambda: a_cluster("prod-us", fresh_at=before(minutes=9), failing_since=before(minutes=9)),
        "Watches prod-us not read lately Each cluster says why on its own page; a worker that is gone is named above.",
    ),
    "rules": (
        crashed_check,
        "Rules failed themselves: oom What they would find is not found. Report it, with the worker's log.",
    ),
}


@pytest.mark.usefixtures("workers")
class TestBad:
    @pytest.mark.parametrize("what", BAD)
    def test_is_said_with_what_to_do(self, look: Look, what: str) -> None:
        happen, said = BAD[what]
        happen()
        page = look(PATH)
        assert page.headline == f"1 thing needs you: {said.partition(' ')[0]}"
        assert len(bad(page)) == 1
        assert bad(page)[0].startswith(said)

    def test_no_worker(self, look: Look) -> None:
        caches["default"].delete(seen_key("rest"))
        page = look(PATH)
        (said,) = bad(page)
        assert "none seen in the last minute for the queue rest" in said
        assert "Start those that are missing (make up starts all of them), or look at their log." in said
        assert "rest 0 not lately" in page.text

    def test_too_much_waits(self, look: Look, redis: Redis) -> None:
        redis.rpush("watch", *range(101))
        (said,) = bad(look(PATH))
        assert "101 tasks wait in watch Start more workers for this queue" in said

    def test_no_key(self, look: Look, settings: Settings) -> None:
        settings.FIELD_ENCRYPTION_KEYS = []
        (said,) = bad(look(PATH))
        assert "there is none Set FIELD_ENCRYPTION_KEYS" in said

    @pytest.mark.parametrize(
        ("check", "outcome", "remedy"),
        [
            ("migrations", "2 to apply; run manage.py migrate", "Run manage.py migrate with this version."),
            ("database", "does not answer", "Look at its own log, and at DATABASE_URL."),
        ],
    )
    def test_what_readyz_says(
        self, look: Look, monkeypatch: pytest.MonkeyPatch, check: str, outcome: str, remedy: str
    ) -> None:
        monkeypatch.setattr(health, "outcomes", lambda: {**dict.fromkeys(health.CHECKS, health.OK), check: outcome})
        (said,) = bad(look(PATH))
        assert f"{outcome} {remedy}" in said


@pytest.mark.usefixtures("workers")
def test_keys_are_counted_and_never_shown(look: Look, settings: Settings) -> None:
    keys = ["sentinel-of-a-new-key", "sentinel-of-an-old-key"]
    settings.FIELD_ENCRYPTION_KEYS = keys
    page = look(PATH)
    assert "Encryption keys 2 keys, the first is the newest" in page.text
    assert "sentinel" not in page.html


@pytest.mark.usefixtures("workers")
def test_a_message_of_a_channel_that_is_off_holds_up_nothing(look: Look) -> None:
    a_delivery(a_channel(enabled=False), state="pending", sent_at=None, due_at=before(minutes=12))
    assert look(PATH).headline == "Everything that Sickbay needs works"


@pytest.mark.usefixtures("workers")
def test_a_paused_cluster_is_not_late(look: Look) -> None:
    a_cluster("staging", paused=True, fresh_at=timezone.now() - timedelta(days=3))
    page = look(PATH)
    assert page.headline == "Everything that Sickbay needs works"
    assert "paused" in page.part('<section class="card" id="watched"').text


def test_every_check_of_readyz_has_its_remedy() -> None:
    assert set(NEEDS) == set(health.CHECKS)
