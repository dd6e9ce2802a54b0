"""E-mail: both parts say it all, HTML of a cluster stays text, and a diagnosis is one conversation."""

from __future__ import annotations

from html.parser import HTMLParser

import msgspec
import pytest

from diagnostics.notify.exchange import Answer, Mail, Result
from diagnostics.notify.formats import Memory
from diagnostics.notify.formats.email import FORMAT
from diagnostics.notify.notice import Notice, Type
from tests.notify.notices import AT, UUID, diagnosis, every_notice, longest, notice

ROOT = f"<{UUID}@sickbay.example>"


def sent(about: Notice) -> Mail:
    mail = FORMAT.build(FORMAT.read({"to": ["ada@example.org", "ops@example.org"]}), about, Memory(), AT)
    assert isinstance(mail, Mail)
    return mail


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(html)
    return parser.tags


@pytest.mark.parametrize("about", every_notice(), ids=lambda about: f"{about.type}-{len(str(about.data))}")
def test_every_mail_can_be_sent(about: Notice) -> None:
    mail = sent(about)
    assert 0 < len(mail.subject) <= 204
    assert mail.subject.isprintable()
    assert len(mail.html) < 100_000  # Above it Gmail cuts.
    assert "\0" not in mail.text + mail.html
    assert mail.to == ("ada@example.org", "ops@example.org")


def test_both_parts_say_why_where_and_what_to_type() -> None:
    mail = sent(notice())
    for part in (mail.text, mail.html):
        for told in ("high: crash-oom-limit", "limit of 64Mi", "3 of 5", "out of memory", "--limits=memory=128Mi"):
            assert told in part
        assert "https://sickbay.example/d/1284" in part


def test_html_of_a_cluster_stays_text() -> None:
    hostile = "<img src=http://x/pixel onerror=alert(1)></td></table><script>x</script>"
    found = tags(
        sent(notice(data=diagnosis(summary=hostile, cause=hostile, workload={"kind": "Pod", "name": hostile}))).html
    )
    assert {"img", "script"}.isdisjoint(tag for tag, _ in found)
    assert all(name not in ("src", "onerror", "class") for _, attributes in found for name in attributes)
    hrefs = [attributes["href"] for tag, attributes in found if tag == "a"]
    assert hrefs == ["https://sickbay.example/d/1284", "https://sickbay.example/d/1284?silence=1"]


def test_a_line_end_in_a_name_begins_no_header() -> None:
    mail = sent(notice(data=diagnosis(cluster="prod\r\nBcc: eve@example.org")))
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_a_diagnosis_is_one_conversation() -> None:
    opened, worse, resolved = (
        sent(notice(type_, id=f"n{type_}")) for type_ in (Type.OPENED, Type.ESCALATED, Type.RESOLVED)
    )
    assert (opened.message_id, opened.references) == (ROOT, "")
    assert worse.references == resolved.references == ROOT
    assert len({opened.message_id, worse.message_id, resolved.message_id}) == 3
    assert opened.subject == "crash-oom-limit · Deployment/cart (prod-eu / shop)"
    assert worse.subject == resolved.subject == f"Re: {opened.subject}"


def test_every_attempt_is_the_same_mail() -> None:
    assert sent(notice(Type.RESOLVED)) == sent(notice(Type.RESOLVED))


def test_what_belongs_to_nothing_begins_its_own() -> None:
    mail = sent(notice(Type.TEST, thread=""))
    assert (mail.references, mail.subject) == ("", "This is a test of channel on-call")


def test_the_longest_log_is_cut_at_its_beginning() -> None:
    assert "Last log lines:\n…" in sent(notice(data=longest())).text


def test_a_server_that_took_it_has_it() -> None:
    assert FORMAT.judge(Answer(250), AT).result is Result.SENT


@pytest.mark.parametrize(
    "to", [[], ["nobody"], ["a@b\nBcc: c@d"], ["a@b, c@d"], ["Ada <ada@example.org>"], ["ä@example.org"], ["a@b"] * 51]
)
def test_what_is_no_address_is_refused(to: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="address"):
        FORMAT.read({"to": to})
