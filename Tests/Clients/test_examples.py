"""The tests of Examples/blog on PostgreSQL; `make test-examples` runs them on SQLite."""

import subprocess

from support.server import environment


def test_blog_on_postgresql(binary, new_database):
    # Servers side by side, one a test: few connections each.
    variables = {"PILLION_DATABASE_URL": new_database("postgresql").url, "PILLION_DATABASE_POOL_CONNECTIONS": "1"}
    tests = binary.parent / "blogPackageTests.xctest"
    assert tests.exists(), "the example is not built: make build-examples"
    for library, said in [(["--testing-library", "swift-testing"], "Test run with"), ([], "0 failures")]:
        done = subprocess.run([tests, *library], env=environment(variables), text=True, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout + done.stderr
