"""Templates: the same data in any text, and nothing that a template could do harm with."""

from __future__ import annotations

import json

import msgspec
import pytest

from diagnostics.notify.formats.template import FORMAT, LONGEST, BadTemplate, TemplateSettings, preview
from diagnostics.notify.notice import Type
from diagnostics.notify.sample import sample
from tests.notify.formats.checking import HOOK, TEMPLATE, request
from tests.notify.notices import diagnosis, longest, notice


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{ headline }}", "🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop)"),
        ("{{ type }} {{ data.code|upper }} {{ data['workload'].name }}", "diagnosis.opened CRASH-OOM-LIMIT cart"),
        ("{% for pod in data.pods %}{{ loop.index }} {{ pod.name }};{% endfor %}", "1 cart-6d9f-abcde;"),
        ("{{ data.pods[:1]|join(', ', 'name') }}", "cart-6d9f-abcde"),
        ("{% if data.severity in ['critical', 'high'] %}call{% else %}mail{% endif %}", "call"),
        ("{{ data.assignee|default('nobody') }}{{ data.no.such.thing }}", "nobody"),
        ("{{ data.nothing|tojson }} {{ data.namespace|tojson }}", 'null "shop"'),
        ("{{ log }}\n{{ url }}\n", "out of memory\nhttps://sickbay.example/d/1284\n"),
    ],
)
def test_a_template_writes_what_it_names(template: str, written: str) -> None:
    assert preview(template, notice()) == written


def test_one_template_serves_every_type() -> None:
    for type_ in Type:
        body = json.loads(request("template", notice(type_)).body)
        assert body["title"]


def test_it_is_sent_as_the_settings_say() -> None:
    built = request(
        "template", notice(), method="PUT", content_type="text/plain; charset=utf-8", headers={"X-Token": "t"}
    )
    assert (built.method, built.url) == ("PUT", HOOK)
    assert built.headers == {"X-Token": "t", "content-type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ 10 ** 10 ** 10 }}", "Pow is not for templates"),
        ("{{ 'a' * 1000000000 }}", "Mul is not for templates"),
        ("{{ 'a' ~ 'b' }}", "Concat is not for templates"),
        ("{% set a = 1 %}", "Assign is not for templates"),
        ("{{ data.items() }}", "Call is not for templates"),
        ("{% include 'x' %}", "Include is not for templates"),
        ("{% macro a() %}{% endmacro %}", "Macro is not for templates"),
        ("{% for a in lines %}{% for b in lines %}{% endfor %}{% endfor %}", "no loop within a loop"),
        ("{{ 'x'|center(1000000000) }}", "No filter named 'center'"),
        ("{{ data|_items }}", "no filter _items"),
        ("{{ data|tojson|tojson|tojson|tojson|tojson }}", "at most 4 filters"),
        ("{% if a %}" * 40 + "{% endif %}" * 40, "nested too deeply"),
        ("{{ " + "(" * 3_000 + ")" * 3_000 + " }}", "nested too deeply"),
        ("first\n{{ headline", "line 2"),
        ("{{ data }}" * LONGEST, "are allowed"),
        ("{{ 3 > 'a' }}", "not supported"),
        ("{% for pod in data.pods %}" + "{{ data }}" * 700 + "{% endfor %}", "more than 64,000"),
    ],
)
def test_what_could_do_harm_or_never_end_is_refused(template: str, says: str) -> None:
    with pytest.raises(BadTemplate, match=says):
        preview(template, notice(data=longest()))


@pytest.mark.parametrize(
    "template",
    [
        "{{ data.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ data['__class__'] }}",
        "{{ data.pods.append }}",
        "{{ headline.upper }}",
        "{{ loop }}",
        "{{ range }}",
        "{% for character in data.summary %}{{ character }}{% endfor %}",
    ],
)
def test_nothing_but_data_can_be_reached(template: str) -> None:
    assert preview(template, notice()) == ""


def test_a_loop_goes_through_so_many_items() -> None:
    pods = [{"name": str(number), "status": "Error"} for number in range(150)]
    written = preview("{% for pod in data.pods %}.{% endfor %}", notice(data=diagnosis(pods=pods)))
    assert written == "." * 100


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"template": "{{ headline"}, "line 1"),
        ({"template": '{"text": "{{ sentence }}"}'}, r"no JSON .*write \{\{ sentence\|tojson \}\}"),
        ({"method": "GET"}, "GET"),
        ({"headers": {"X Y": "1"}}, "header 'X Y' is none"),
        ({"headers": {"X": "a\r\nHost: b"}}, "header 'X' is none"),
        ({"headers": {"Host": "b"}}, "header 'Host' is not for headers"),
        ({"content_type": "a\nb"}, "header 'content-type' is none"),
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_saved(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        FORMAT.read({"url": HOOK, "template": TEMPLATE, **settings})


def test_a_text_need_not_be_json() -> None:
    FORMAT.read({"url": HOOK, "template": "{{ sentence }}", "content_type": "text/plain"})


def test_a_preview_shows_the_invented_diagnosis() -> None:
    assert preview("{{ data.code }}: {{ sentence }}", sample()).startswith("crash-config-missing: Container app exits")


def test_the_proposed_template_can_be_saved_as_it_is() -> None:
    FORMAT.read({"url": HOOK, **TemplateSettings.proposed()})
