"""The real command, as several people, each with a profile as the quickstart writes them."""

import os
import subprocess

import pytest

from rig import COMMAND, UNDER_ASAN


class Command:
    def __init__(self, world, config, state):
        self.world, self.config, self.state = world, config, state

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith(("RADIOSHOP_", "XDG_", "LC_", "LANG")) or key == "RADIOSHOP_BUILD"}
        return {**kept, "RADIOSHOP_CONFIG_DIR": str(self.config), "XDG_STATE_HOME": str(self.state), "LANG": "C.UTF-8",
                "TZ": "UTC", "COLUMNS": "200", **more}

    def profile(self, name, port=None):
        """Writes NAME.conf when it is not there yet; with a port, NAME-PORT.conf for another daemon."""
        certificate, key = self.world.certificates.person(name)
        profile = name if port is None else f"{name}-{port}"
        path = self.config / f"{profile}.conf"
        if not path.exists():
            path.write_text(f"# {name}\nserver = localhost:{port or self.world.daemon.port}\n"
                            f"cacert = {self.world.certificates.ca}\ncert = {certificate}\nkey = {key}\n", encoding="utf-8")
        return profile

    def run(self, name, *words, stdin="", port=None, env=None, binary=False, cwd=None):
        done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=not binary,
                              input=stdin.encode() if binary and isinstance(stdin, str) else stdin, timeout=120, check=False,
                              cwd=cwd, env=self.environment(RADIOSHOP_PROFILE=self.profile(name, port), **(env or {})))
        errors = done.stderr if not binary else done.stderr.decode(errors="replace")
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors
        assert done.returncode >= 0, f"ended by signal {-done.returncode}: {errors}"
        return done

    def ok(self, name, *words, **options):
        """Standard output of a command that must do."""
        done = self.run(name, *words, **options)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, code, name, *words, says="", lines=None, **options):
        """Standard error of a command that must end with this code."""
        done = self.run(name, *words, **options)
        assert done.returncode == code, f"{words}: {done.returncode} instead of {code}\n{done.stdout}{done.stderr}"
        assert says in done.stderr, done.stderr
        assert lines is None or len(done.stderr.strip().splitlines()) <= lines, done.stderr
        assert done.stderr.startswith("radioshop: "), done.stderr
        return done.stderr


@pytest.fixture
def shop(world, tmp_path):
    config, state = tmp_path / "config", tmp_path / "state"
    config.mkdir()
    return Command(world, config, state)


# Under the sanitizers a command takes its time.
PATIENCE = 10 if UNDER_ASAN else 3
