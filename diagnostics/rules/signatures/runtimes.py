"""Signatures of languages and settings: exceptions, panics, missing modules, variables and options."""

from __future__ import annotations

import re

from diagnostics.rules.signatures.signature import Signature, Weight

_UNKNOWN = "crash-app-unknown"
_CONFIG = "crash-config-env"
_BUG = "The exception's own line says what went wrong; its last frame says where."
_UNSET = r"(?:missing|required|un(?:defined|set)|must be set|not (?:set|defined)|empty)"
_VARIABLE = r"env(?:ironment)? variable"
_NAMED = r"env(?:ironment)?(?: variable)?s?:? ?['\"`$]?{?"


def _variable(place: int) -> str:
    """An upper-case name that is no log level, as group `variable`."""
    levels = "ERROR|FATAL|WARN|WARNING|INFO|DEBUG|TRACE|CRITICAL|PANIC|SEVERE|NOTICE"
    return rf"(?-i:(?!(?:{levels})\b)(?P<variable_{place}>[A-Z][A-Z0-9_]{{2,63}})\b)"


# The signatures of a trace's headline, by the trace's language: the headline is found by its shape, not by a phrase.
TRACES = {
    "python": Signature(
        "python-traceback",
        re.compile(r"^(?P<what>.{1,300})"),
        (),
        ("{what}",),
        "The Python program raised an exception that nothing catches.",
        _BUG,
        "crash-python-1",
        Weight.TRACE,
    ),
    "java": Signature(
        "java-exception",
        re.compile(
            r"(?P<what>(?:[a-z][\w]{0,63}\.){1,12}[A-Z][\w$]{0,120}(?:Exception|Error|Throwable)\b(?:: .{1,300})?)"
        ),
        (),
        ("{what}",),
        "The Java program ended with an exception that nothing catches.",
        _BUG,
        "crash-java-1",
        Weight.TRACE,
    ),
    "node": Signature(
        "node-exception",
        re.compile(r"^(?P<what>.{1,300})"),
        (),
        ("{what}",),
        "The Node.js program threw an error that nothing catches.",
        _BUG,
        "crash-node-1",
        Weight.TRACE,
    ),
    "go": Signature(
        "go-panic",
        re.compile(r"^(?P<what>(?:panic|fatal error): .{1,300})"),
        (),
        ("{what}",),
        "The Go program panicked: a bug in the program, or a state that it does not expect.",
        "The first frame of the program's own code is where to look; roll back if it began with a rollout.",
        "crash-go-2",
        Weight.TRACE,
    ),
    "rust": Signature(
        "rust-panic",
        re.compile(r"^(?P<what>.{1,300})"),
        (),
        ("it panicked: {what}",),
        "The Rust program panicked: a bug in the program, or a state that it does not expect.",
        "The line names file and line of the panic; set RUST_BACKTRACE=1 for the way there.",
        _UNKNOWN,
        Weight.TRACE,
    ),
    "dotnet": Signature(
        "dotnet-exception",
        re.compile(r"^Unhandled exception\. (?P<what>.{1,300})"),
        (),
        ("{what}",),
        "The .NET program ended with an exception that nothing catches.",
        _BUG,
        _UNKNOWN,
        Weight.TRACE,
    ),
}

SIGNATURES = (
    Signature(
        "python-import",
        re.compile(r"^(?:ModuleNotFoundError|ImportError): (?:No module named '(?P<module>[^']{1,200})'|.+)"),
        ("modulenotfounderror", "importerror"),
        ("the Python module {module} is not in the image", "a Python module cannot be imported"),
        "The image misses a module, or holds an incompatible version of it.",
        "Add the module to the image's requirements and build it again; is this the right image and virtualenv?",
        "crash-python-1",
        Weight.LOOSE,
    ),
    Signature(
        "java-class",
        re.compile(
            r"(?:ClassNotFoundException|NoClassDefFoundError|UnsupportedClassVersionError|NoSuchMethodError"
            r"|Could not find or load main class)(?::? (?P<name>[\w.$/]{1,200}))?|Unrecognized VM option"
        ),
        (
            "classnotfoundexception",
            "noclassdeffounderror",
            "unsupportedclassversionerror",
            "nosuchmethoderror",
            "load main class",
            "unrecognized vm option",
        ),
        ("the Java class {name} cannot be loaded", "the Java classes or options do not fit this JVM"),
        "Class path, main class or JDK version do not fit what was built.",
        "Compare the command and class path with the image; was it built for this JDK?",
        "crash-java-1",
    ),
    Signature(
        "spring-context",
        re.compile(
            r"APPLICATION FAILED TO START|Error creating bean with name '(?P<bean>[^']{1,200})'|BeanCreationException"
            r"|Failed to configure a DataSource"
        ),
        ("application failed to start", "creating bean", "beancreationexception", "configure a datasource"),
        ("Spring cannot create the bean {bean}", "the Spring application context does not start"),
        "Spring could not build its context: a property is missing or wrong, or a dependency does not answer.",
        "Read the Description and the deepest cause in the log; compare the properties with the environment.",
        "crash-java-1",
        Weight.LOOSE,
    ),
    Signature(
        "node-module",
        re.compile(
            r"Cannot find module '(?P<module>[^']{1,200})'|ERR_MODULE_NOT_FOUND|npm ERR! (?:missing script|code)"
        ),
        ("cannot find module", "err_module_not_found", "npm err!"),
        ("the Node.js module {module} is not in the image", "a Node.js module or script is missing"),
        "The image misses a module or script: node_modules was not installed, or the path is wrong.",
        "Run the install step when building the image; compare command and working directory with it.",
        "crash-node-1",
        Weight.LOOSE,
    ),
    Signature(
        "node-rejection",
        re.compile(r"UnhandledPromiseRejection|ERR_UNHANDLED_REJECTION"),
        ("unhandledpromiserejection", "err_unhandled_rejection"),
        ("a promise was rejected and nothing caught it",),
        "The Node.js program ended because a promise failed and nothing handled it.",
        "The rejection's reason stands beside this line; handle it or mend its cause.",
        "crash-node-1",
        Weight.TRACE,
    ),
    Signature(
        "dotnet-host",
        re.compile(r"Failed to create CoreCLR|You must install (?:or update )?\.NET|[Ff]ramework .{1,60}was not found"),
        ("coreclr", "you must install", "was not found"),
        ("the image lacks the .NET runtime that it needs",),
        "The program was built for a .NET runtime that the image does not hold.",
        "Use the base image of that runtime, or publish the program self-contained.",
        _UNKNOWN,
    ),
    Signature(
        "ruby-php",
        re.compile(
            r"(?P<what>(?:Gem::\w{1,60}Error|Bundler::\w{1,60}|PHP Fatal error: |LoadError|cannot load such file).{0,200})"
        ),
        ("gem::", "bundler::", "php fatal error", "loaderror", "cannot load such file"),
        ("{what}",),
        "The Ruby or PHP program stopped on an error, often a gem or file that the image misses.",
        "Run the install step when building the image, and look at the file and line that are named.",
        _UNKNOWN,
        Weight.LOOSE,
    ),
    Signature(
        "shell-not-found",
        re.compile(
            r"(?:sh|\bline \d{1,6}|\b\d{1,6}): (?P<command>[\w./-]{1,128}): not found$"
            r"|(?<![\w./-])(?P<command_2>[\w./-]{1,128}|\$'\\r'): command not found"
            r"|exec: \"?(?P<command_3>[\w./-]{1,128})\"?: .{0,80}(?:not found|no such file)"
            r"|can't open '(?P<command_4>[^']{1,128})': No such file|bad interpreter"
        ),
        ("not found", "no such file", "bad interpreter"),
        ("the command {command} is not in the image", "a script's interpreter is not in the image"),
        "The shell finds no such program: a typo, another image than expected, or a script with Windows line ends.",
        "Compare the command with the image's content and $PATH.",
        "crash-exit-127",
    ),
    Signature(
        "env-missing",
        re.compile(
            # What it may begin with comes first: that is all that most places of a line have to be compared with.
            rf"(?i)(?=[mrune][ieunom])(?:{_UNSET}.{{0,40}}?(?:{_NAMED}{_variable(1)}|\$\{{?{_variable(2)}|{_VARIABLE})"
            rf"|{_NAMED}{_variable(3)}.{{0,40}}{_UNSET}|{_VARIABLE}.{{0,60}}{_UNSET})"
            rf"|\b{_variable(4)}['\"`]? (?:is |was )?(?:not set|unset|undefined|not defined|required|must be set)\b"
            rf"|KeyError: '{_variable(5)}'"
            rf"|(?<!\w)(?P<variable_6>\w{{1,64}}+): (?:unbound variable|parameter not set)"
        ),
        (
            "missing",
            "required",
            "undefined",
            "unset",
            "must be set",
            "not set",
            "not defined",
            "empty",
            "keyerror",
            "unbound",
        ),
        ("the environment variable {variable} is not set", "an environment variable that it needs is not set"),
        "The program reads its settings from the environment, and this one is not given to the container.",
        "Add the variable to the container (env or envFrom), from the ConfigMap or Secret that holds it.",
        _CONFIG,
    ),
    Signature(
        "config-parse",
        re.compile(
            r"(?i)(?=[yjtxicefu][asomnrl])(?:"
            r"(?:yaml|json|toml|xml|\bini\b|config(?:uration)?).{0,60}(?:pars(?:e|ing) error|syntax|unmarshal"
            r"|invalid|malformed|unexpected token|mapping values)"
            r"|(?:error|fail\w{0,4}|cannot|could not|unable to)(?: to)? (?:pars|unmarshal|decod|load)\w{0,4}\b.{0,60}"
            r"(?:yaml|json|toml|xml|config)"
            r"|invalid (?:configuration|config|argument(?=.)|flag|value)|unknown (?:flag|option|field|directive)"
            r"|flag provided but not defined|unrecognized arguments)"
        ),
        (
            "invalid",
            "malformed",
            "unmarshal",
            "syntax",
            "unexpected token",
            "mapping values",
            "pars",
            "decod",
            "load",
            "unknown ",
            "flag provided",
            "unrecognized arg",
        ),
        ("its configuration or arguments are not valid",),
        "The program does not understand its configuration file, an option or a value.",
        "The log line names the place; compare it with the version of the program in the image.",
        _CONFIG,
        Weight.LOOSE,
    ),
    Signature(
        "config-nginx",
        re.compile(r"(?i)\[emerg\] (?:\d+#\d+: )?(?P<what>.{1,200})"),
        ("[emerg]",),
        ("nginx refuses its configuration: {what}",),
        "nginx checks its whole configuration at start; an upstream that does not resolve or a missing file stops it.",
        "Mend the file and line that are named; test with nginx -t.",
        _CONFIG,
    ),
    Signature(
        "graceful-stop",
        re.compile(
            r"(?i)received (?:signal )?(?:SIGTERM|terminated|15)|shutting down gracefully|SIGTERM received"
            r"|Shutdown requested"
        ),
        ("received", "shutting down gracefully", "shutdown requested"),
        ("it was asked to stop and did",),
        "The program ended because it was asked to, not because of an error of its own.",
        "Find out who sent SIGTERM.",
        "crash-sigterm-143",
        Weight.TRACE,
    ),
)
