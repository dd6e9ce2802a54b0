from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.images import InvalidImage, parse, registry_of
from tests.characters import texts

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "latest", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("acme/api:3", "docker.io", "acme/api", "3", ""),
        ("docker.io/library/nginx:1", "docker.io", "library/nginx", "1", ""),
        ("index.docker.io/nginx", "docker.io", "library/nginx", "latest", ""),
        ("localhost/tool", "localhost", "tool", "latest", ""),
        ("localhost:5000/tool:x", "localhost:5000", "tool", "x", ""),
        ("127.0.0.1:5999/shop/api:1.0", "127.0.0.1:5999", "shop/api", "1.0", ""),
        ("[::1]:5000/tool", "[::1]:5000", "tool", "latest", ""),
        ("Registry/tool", "Registry", "tool", "latest", ""),
        (f"ghcr.io/a/b__c/d-e@{DIGEST}", "ghcr.io", "a/b__c/d-e", "", DIGEST),
        (f"ghcr.io/a/b:1.2@{DIGEST}", "ghcr.io", "a/b", "1.2", DIGEST),
    ],
)
def test_parts_of_a_reference(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    found = parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)
    assert registry_of(text) == registry


def test_a_digest_picks_the_image_before_its_tag_does() -> None:
    assert parse(f"a/b:1@{DIGEST}").version == f"digest {DIGEST}"
    assert parse("a/b:1").version == "tag 1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("https://ghcr.io/a/b", "it begins with a URL scheme"),
        ("shop/cart:${TAG}", "it holds a variable that was never filled in"),
        ("shop/cart:$TAG", "it holds a variable that was never filled in"),
        ("shop/cart:$(TAG)", "it holds a variable that was never filled in"),
        ("shop/cart:{{ .Values.tag }}", "it holds a variable that was never filled in"),
        ("shop/ cart", "it holds a blank"),
        ("ghcr.io/Shop/Cart:1", "the repository name (Shop/Cart) must be lowercase"),
        ("shop/cart:", "the tag after the colon is empty"),
        ("shop/cart:a/b", '"a/b" is not a tag'),
        ("shop/cart:-x", '"-x" is not a tag'),
        ("shop//cart", '"shop//cart" is not a repository name'),
        ("ghcr.io/", "it names no repository"),
        ("shop/cart@sha256:12", "what follows the @ is not a digest"),
        ("-bad.host/cart", '"-bad.host" is not a registry host'),
        ("a/" + "b" * 255, "its name is longer than 255 characters"),
    ],
)
def test_says_why_a_reference_is_none(text: str, why: str) -> None:
    with pytest.raises(InvalidImage) as raised:
        parse(text)
    assert str(raised.value) == why
    assert registry_of(text) == ""


word = st.text("az09", min_size=1, max_size=8)
component = st.builds("".join, st.tuples(word, st.sampled_from([".", "_", "-", "__"]), word)) | word
host = st.builds("{}.{}{}".format, word, st.sampled_from(["io", "example"]), st.sampled_from(["", ":1", ":65535"]))
tag = st.builds("{}{}".format, st.sampled_from("aZ0_"), st.text("aZ0_.-", max_size=20))


@given(host, st.lists(component, min_size=1, max_size=4), tag)
def test_what_is_put_together_is_taken_apart_again(registry: str, path: list[str], version: str) -> None:
    found = parse(f"{registry}/{'/'.join(path)}:{version}")
    assert found.registry == registry
    assert found.repository == "/".join(path)
    assert found.tag == version


@given(texts(max_size=80))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    with suppress(InvalidImage):
        found = parse(text)
        assert found.host
        assert found.repository == found.repository.lower() != ""
