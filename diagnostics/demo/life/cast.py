"""Who plays in the story: applications, their good and bad releases, and what the bad ones write."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.demo.life.stage import Application, Crash, NoImage, Release

GPU_NODE = "lab-node-5"
_REGISTRY = "registry.lab.example"


@dataclass(frozen=True, slots=True)
class Act:
    """An application, the release that breaks it and the one that mends it."""

    app: Application
    broken: Release
    mended: Release


_SMTP = (("SMTP_PORT", "587"), ("FROM", "billing@lab.example"))
_INVOICE_MAILER = Act(
    Application("billing", "invoice-mailer", "mailer", replicas=2),
    Release(
        f"{_REGISTRY}/billing/invoice-mailer:2.3.0",
        env=_SMTP,
        fault=Crash(
            exit_code=1,
            lines=(
                "invoice-mailer 2.3.0",
                "Traceback (most recent call last):",
                '  File "/app/mailer/__main__.py", line 31, in <module>',
                "    main()",
                '  File "/app/mailer/__main__.py", line 12, in main',
                '    host = os.environ["SMTP_HOST"]',
                '  File "<frozen os>", line 679, in __getitem__',
                "KeyError: 'SMTP_HOST'",
            ),
        ),
    ),
    Release(f"{_REGISTRY}/billing/invoice-mailer:2.3.0", env=(("SMTP_HOST", "smtp.lab.example"), *_SMTP)),
)
_GIFT_CARDS = Act(
    Application("shop", "gift-cards", "api", replicas=2),
    Release(
        f"{_REGISTRY}/shop/gift-cards:1.9.0",
        fault=Crash(
            exit_code=2,
            lines=(
                "gift-cards 1.9.0 starting",
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6b21c4]",
                "",
                "goroutine 1 [running]:",
                "main.(*Ledger).Open(0x0, {0xc00001c0a8, 0x12})",
                "\t/src/ledger/open.go:48 +0x24",
                "main.main()",
                "\t/src/main.go:27 +0x19f",
            ),
        ),
    ),
    Release(f"{_REGISTRY}/shop/gift-cards:1.9.1"),
)
_SIMILAR_ITEMS = Act(
    Application("data", "similar-items", "index", replicas=1),
    Release(
        f"{_REGISTRY}/data/similar-items:0.14.2",
        memory="64Mi",
        fault=Crash(exit_code=137, reason="OOMKilled", runs=4.0, lines=("loading 1,204,331 vectors",)),
    ),
    Release(f"{_REGISTRY}/data/similar-items:0.14.2", memory="256Mi"),
)
_ROUTE_PLANNER = Act(
    Application("logistics", "route-planner", "planner", replicas=2),
    Release(
        f"{_REGISTRY}/logistics/route-planner:7.0.0",
        fault=Crash(
            exit_code=1,
            lines=(
                '{"level":"info","msg":"starting","version":"7.0.0"}',
                '{"level":"fatal","msg":"read config","error":"open /etc/planner/depots.yaml: no such file or directory"}',
            ),
        ),
    ),
    Release(f"{_REGISTRY}/logistics/route-planner:6.8.4"),
)
_PUSH_GATEWAY = Act(
    Application("mobile", "push-gateway", "gateway", replicas=1),
    Release(
        f"{_REGISTRY}/mobile/push-gateway:4.2.0",
        env=(("REDIS_URL", "redis://10.96.41.7:6379/0"),),
        fault=Crash(
            exit_code=1,
            runs=3.0,
            lines=(
                "push-gateway 4.2.0 on node v22.11.0",
                "node:internal/process/promises:394",
                "      triggerUncaughtException(err, true /* fromPromise */);",
                "      ^",
                "",
                "Error: connect ECONNREFUSED 10.96.41.7:6379",
                "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)",
                "",
                "Node.js v22.11.0",
            ),
        ),
    ),
    Release(f"{_REGISTRY}/mobile/push-gateway:4.2.0", env=(("REDIS_URL", "redis://10.96.17.4:6379/0"),)),
)

# One after the other: each stays well long enough to be seen as resolved before its turn comes again.
CRASHES = (_INVOICE_MAILER, _GIFT_CARDS, _SIMILAR_ITEMS, _ROUTE_PLANNER, _PUSH_GATEWAY)

# New revisions whose image was never pushed, while the old pods serve.
ROLLOUTS = (
    Act(
        Application("shop", "wishlist", "web", replicas=3),
        Release(f"{_REGISTRY}/shop/wishlist:3.2.0", fault=NoImage()),
        Release(f"{_REGISTRY}/shop/wishlist:3.1.4"),
    ),
    Act(
        Application("web", "landing", "site", replicas=3),
        Release(f"{_REGISTRY}/web/landing:2026.11.2", fault=NoImage()),
        Release(f"{_REGISTRY}/web/landing:2026.11.1"),
    ),
)

PRICE_FEED = Application("shop", "price-feed", "feed", replicas=2)
PRICE_FEED_RELEASE = Release(f"{_REGISTRY}/shop/price-feed:1.0.7")

EMBEDDINGS = Application("ml", "embeddings", "model", replicas=2, node=GPU_NODE, gpu=True)
EMBEDDINGS_RELEASE = Release(f"{_REGISTRY}/ml/embeddings:0.9.3")
