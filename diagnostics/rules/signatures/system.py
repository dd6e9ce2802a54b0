"""Signatures of the machine underneath: disks, files, limits, memory, signals, licences."""

from __future__ import annotations

import re

from diagnostics.rules.signatures.endpoints import path
from diagnostics.rules.signatures.signature import Signature, Weight

_UNKNOWN = "crash-app-unknown"
_PERMISSION = "crash-permission"
_HEAP = "crash-oom-runtime"

SIGNATURES = (
    Signature(
        "disk-full",
        re.compile(
            r"(?i)(?-i:\bENOSPC\b)(?!: System limit)|no space left on device|disk quota exceeded|(?-i:\bEDQUOT\b)|Disk full"
            r"|No usable temporary (?:file|directory)|low disk watermark|flood[- ]stage"
        ),
        (
            "enospc",
            "no space left on device",
            "disk quota exceeded",
            "edquot",
            "disk full",
            "no usable temporary",
            "low disk watermark",
            "flood-stage",
            "flood stage",
        ),
        ("there is no space left to write {path}", "there is no space left on its disk"),
        "The volume or the node's disk that it writes to is full, in bytes or in inodes.",
        "See what fills it (df -h, df -i in the container); expand the claim or clean up.",
        _UNKNOWN,
        names=path,
    ),
    Signature(
        "fs-readonly",
        re.compile(r"(?i)(?-i:\bEROFS\b)|read-only file system"),
        ("erofs", "read-only file system"),
        ("it may not write {path}: the file system is read-only", "it writes to a read-only file system"),
        "The container's root file system or the mount is read-only (readOnlyRootFilesystem, readOnly), or the "
        "node's disk went read-only after an error.",
        "Mount an emptyDir where the program writes, or let it write elsewhere.",
        _PERMISSION,
        names=path,
    ),
    Signature(
        "fs-permission",
        re.compile(
            r"(?i)(?-i:\bEACCES\b)|(?-i:\bEPERM\b)|permission denied(?! for | \(publickey)|Operation not permitted|AccessDeniedException"
        ),
        ("eacces", "eperm", "permission denied", "operation not permitted", "accessdeniedexception"),
        ("it has no permission for {path}", "it has no permission for what it does"),
        "The process runs as a user that may not do this: the file belongs to somebody else, or a capability is "
        "missing.",
        "Set fsGroup for a volume, runAsUser to the owner, or mount an emptyDir where it writes.",
        _PERMISSION,
        Weight.LOOSE,
        names=path,
    ),
    Signature(
        "fs-not-found",
        re.compile(
            r"(?i)(?-i:\bENOENT\b)|no such file or directory|FileNotFoundException|FileNotFoundError"
            r"|cannot open .{1,80} No such file"
        ),
        ("enoent", "no such file or directory", "filenotfounde", "cannot open "),
        ("the file {path} does not exist", "a file that it needs does not exist"),
        "The file is neither in the image nor mounted: a ConfigMap or Secret volume is missing, has another path, or "
        "lacks the key.",
        "Mount the file at that path, or correct the path in the configuration.",
        "crash-config-env",
        Weight.LOOSE,
        names=path,
    ),
    Signature(
        "fs-busy",
        re.compile(
            r"(?i)(?-i:\bEBUSY\b)|device or resource busy|Text file busy|stale (?:NFS )?file handle|(?-i:\bESTALE\b)"
        ),
        ("ebusy", "resource busy", "text file busy", "file handle", "estale"),
        ("{path} is busy or its volume is stale", "a file or volume is busy or stale"),
        "Another process holds the file, or the network volume below it was exchanged.",
        "End the other holder; for a stale handle start the pod anew so that the volume is mounted again.",
        _UNKNOWN,
        names=path,
    ),
    Signature(
        "fd-limit",
        re.compile(
            r"(?i)(?-i:\bEMFILE\b)|(?-i:\bENFILE\b)|too many open files|inotify.{0,40}(?:limit|instances|watches)"
            r"|(?-i:\bENOSPC\b): System limit for number of file watchers"
        ),
        ("emfile", "enfile", "too many open files", "inotify", "file watchers"),
        ("it ran out of file descriptors or inotify watches",),
        "A limit on open files or file watchers was reached: a leak, or a node whose limits are low.",
        "Look for a leak of files or connections; raise ulimit or fs.inotify.* on the node.",
        _UNKNOWN,
    ),
    Signature(
        "proc-limit",
        re.compile(
            r"(?i)Resource temporarily unavailable|unable to create (?:new )?native thread|can't start new thread"
            r"|fork: retry|pthread_create failed|pids? limit"
        ),
        (
            "resource temporarily unavailable",
            "native thread",
            "start new thread",
            "fork: retry",
            "pthread_create",
            "pid limit",
            "pids limit",
        ),
        ("it may not start another thread or process",),
        "The limit on processes of the pod or node was reached: threads that leak, or a pool that is too large.",
        "Find what starts the threads; raise the pod PID limit of the kubelet only after that.",
        _UNKNOWN,
    ),
    Signature(
        "oom-java",
        re.compile(
            r"java\.lang\.OutOfMemoryError: (?P<kind>[\w ]{1,60})"
            r"|There is insufficient memory for the Java Runtime|Terminating due to java\.lang\.OutOfMemoryError"
        ),
        ("outofmemoryerror", "insufficient memory for the java"),
        ("the Java virtual machine ran out of memory ({kind})", "the Java virtual machine ran out of memory"),
        "The JVM reached a limit of its own (heap, metaspace, threads), not the container's limit.",
        "Raise -Xmx or -XX:MaxRAMPercentage, with the container's limit above it; take a heap dump if it grows for ever.",
        _HEAP,
    ),
    Signature(
        "oom-node",
        re.compile(r"(?i)JavaScript heap out of memory|Reached heap limit Allocation failed|FATAL ERROR: .{0,60}heap"),
        ("javascript heap out of memory", "reached heap limit allocation failed", "fatal error: "),
        ("the JavaScript heap is full",),
        "V8 reached the limit of its old generation, not the container's limit.",
        "Raise --max-old-space-size (NODE_OPTIONS), with the container's limit above it; look for what grows.",
        _HEAP,
    ),
    Signature(
        "oom-python-go-net",
        re.compile(
            r"^MemoryError\b|fatal error: runtime: (?:out of memory|cannot allocate memory)|System\.OutOfMemoryException"
            r"|std::bad_alloc|NoMemoryError|Allowed memory size of \d+ bytes exhausted"
        ),
        ("memoryerror", "fatal error: runtime: ", "outofmemoryexception", "std::bad_alloc", "allowed memory size"),
        ("its runtime could not get more memory",),
        "An allocation failed inside the program: its own memory limit, or an address-space limit.",
        "Raise the runtime's limit (memory_limit, GOMEMLIMIT ...) below the container's, or process less at once.",
        _HEAP,
    ),
    Signature(
        "oom-alloc",
        re.compile(r"(?i)cannot allocate memory|(?-i:\bENOMEM\b)|Killed process \d+|oom[-_ ]kill|out of memory: kill"),
        (
            "cannot allocate memory",
            "enomem",
            "killed process",
            "oom-kill",
            "oom_kill",
            "oom kill",
            "out of memory: kill",
        ),
        ("it could not allocate memory",),
        "The kernel had no memory to give: the container's limit or the node's memory was used up.",
        "Compare use and limit (kubectl top pod); raise the limit or start fewer workers.",
        _HEAP,
        Weight.LOOSE,
    ),
    Signature(
        "oom-gpu",
        re.compile(r"(?i)CUDA out of memory|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|HIP out of memory"),
        ("cuda out of memory", "cuda_error_out_of_memory", "cudaerrormemoryallocation", "hip out of memory"),
        ("the GPU's memory is full",),
        "The model or batch does not fit into the memory of the GPU that the pod got.",
        "Use a smaller batch, a larger GPU or partition, or one process per GPU.",
        _HEAP,
    ),
    Signature(
        "gpu-driver",
        re.compile(
            r"(?i)CUDA driver version is insufficient|no CUDA-capable device|NVML: |Failed to initialize NVML"
            r"|Xid \(PCI"
        ),
        ("cuda driver version", "cuda-capable", "nvml", "xid (pci"),
        ("the GPU or its driver cannot be used",),
        "The driver on the node is too old for the image, has failed, or the pod got no GPU.",
        "Compare the driver on the node with the image's CUDA version; does the pod request a GPU?",
        _UNKNOWN,
    ),
    Signature(
        "segv",
        re.compile(r"(?i)segmentation fault|SIGSEGV|signal 11\b|fatal error: unexpected signal|EXC_BAD_ACCESS"),
        ("segmentation fault", "sigsegv", "signal 11", "unexpected signal", "exc_bad_access"),
        ("it touched memory that is not its own (segmentation fault)",),
        "Native code crashed: a bug, a library built for another libc or CPU, or broken memory.",
        "Enable core dumps, and try the previous image; compare musl and glibc builds.",
        "crash-segv",
        Weight.LOOSE,
    ),
    Signature(
        "abort",
        re.compile(
            r"(?i)SIGABRT|Aborted \(core dumped\)|terminate called after throwing|assertion .{0,80}failed"
            r"|double free or corruption|stack smashing"
        ),
        ("sigabrt", "aborted (core dumped)", "terminate called", "assertion", "double free", "stack smashing"),
        ("it aborted itself",),
        "The program found itself in a state that it does not allow (an assertion, a corrupted heap) and aborted.",
        "The line before names the assertion or exception; look there.",
        "crash-abrt",
        Weight.LOOSE,
    ),
    Signature(
        "illegal-instr",
        re.compile(
            r"(?i)SIGILL|illegal instruction|CPU (?:does not|doesn't) support|requires .{0,20}(?:AVX|SSE4|x86-64-v\d)"
        ),
        ("sigill", "illegal instruction", "support", "requires "),
        ("it uses instructions that this CPU lacks",),
        "The image was built for a newer CPU than the node's.",
        "Schedule it to nodes with that CPU, or use a build for the baseline architecture.",
        "crash-ill",
    ),
    Signature(
        "data-dir",
        re.compile(
            r"(?i)data directory .{1,100} has (?:wrong ownership|group or world access|invalid permissions)"
            r"|chown: .{1,80}Operation not permitted"
        ),
        ("data directory", "chown: "),
        ("its data directory {path} belongs to another user", "its data directory belongs to another user"),
        "The server refuses a data directory that is not its own or too open: the volume was written by another user "
        "or without fsGroup.",
        "Set fsGroup and runAsUser to the server's user, or correct the owner once with an init container.",
        _PERMISSION,
        names=path,
    ),
    Signature(
        "data-dir-state",
        re.compile(
            r"(?i)database files are incompatible with server|lost\+found|node\.lock|LockObtainFailed|postmaster\.pid"
        ),
        ("incompatible with server", "lost+found", "node.lock", "lockobtainfailed", "postmaster.pid"),
        ("its data directory is in a state that it refuses",),
        "The directory was written by another version, is not empty, or a lock of an earlier run was left behind.",
        "Use the version that wrote the data, mount a subPath, or remove the lock once nobody uses it.",
        _UNKNOWN,
    ),
    Signature(
        "clock-license",
        re.compile(
            r"(?i)clock (?:skew|is ahead)|license (?:has )?(?:expired|invalid|not found)|trial (?:has )?expired"
        ),
        ("clock", "license", "trial"),
        ("its licence is not valid, or the clock is wrong",),
        "The program checks a licence or a clock and does not accept what it sees.",
        "Renew the licence, or correct the clock of the node.",
        _UNKNOWN,
    ),
)
