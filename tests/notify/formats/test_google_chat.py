"""Google Chat: a card in the thread of its diagnosis."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from diagnostics.notify.notice import Type
from tests.notify.formats.checking import HOOK, request, sent
from tests.notify.notices import TEST, UUID, diagnosis, notice


def test_the_cards_of_a_diagnosis_are_one_thread() -> None:
    built = request("google_chat", notice(Type.RESOLVED), url=f"{HOOK}?key=k&token=t%3D")
    assert parse_qs(urlsplit(built.url).query) == {
        "key": ["k"],
        "token": ["t="],
        "messageReplyOption": ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"],
    }
    assert sent("google_chat", notice(Type.RESOLVED))["thread"] == {"threadKey": UUID}


def test_what_belongs_to_nothing_has_no_thread() -> None:
    about = notice(Type.TEST, TEST, thread="")
    assert request("google_chat", about).url == HOOK
    assert "thread" not in sent("google_chat", about)


def test_texts_are_a_little_html_so_they_are_escaped() -> None:
    about = notice(data=diagnosis(summary='<a href="http://x">click</a> & <users/all>'))
    card = sent("google_chat", about)["cardsV2"][0]["card"]
    text = card["sections"][0]["widgets"][0]["textParagraph"]["text"]
    assert text.startswith("&lt;a href=&quot;http://x&quot;&gt;click&lt;/a&gt; &amp; &lt;users/all&gt;")


def test_it_says_why_where_and_what_to_type() -> None:
    card = sent("google_chat", notice())["cardsV2"][0]["card"]
    widgets = card["sections"][0]["widgets"]
    assert card["header"]["title"] == "🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop)"
    assert {"decoratedText": {"topLabel": "Pods affected", "text": "3 of 5", "wrapText": True}} in widgets
    assert {"textParagraph": {"text": "out of memory"}} in widgets
    assert widgets[-1]["buttonList"]["buttons"][0]["text"] == "Open in Sickbay"
