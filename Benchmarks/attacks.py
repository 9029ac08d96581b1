#!/usr/bin/env python3
"""What a client that does no harm notices of attacks: its p99 with and without them, alternating, and the server's memory.

The attacks are those of Tests/Clients/test_attacks.py, each by ten connections in a process of its own that come back as soon
as they are cut off. The healthy client is the load generator, two connections with one call at a time each.

An attacker has cores of its own; here it would take those of the server and of the healthy client. So it runs at the scheduler's
idle policy: it gets what these two leave, and gives way as soon as either has work, which what the server does for the attack is
part of. `--shares` runs it beside them as an equal instead; then the p99 beside a process that works as much and sends nothing tells
how much of the delay is the attacker's own work.

usage: attacks.py [--rounds N] [--seconds S] [--only NAME,NAME] [--shares]
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests/Clients"))
sys.path.insert(0, str(HERE))

CONNECTIONS = 10


# An attacker that has as many threads as the others, computes, and sends nothing.
BUSY = "nothing"


def attack(name, port, seconds):
    """Floods until the time is over; prints how many connections were cut off."""
    import test_attacks
    from support.http2 import RawConnection

    end, cut = time.monotonic() + seconds, [0] * CONNECTIONS

    def work(number):
        while time.monotonic() < end:
            if name == BUSY:
                sum(range(1000))
                continue
            try:
                with RawConnection(port) as connection:
                    connection.read(1, lambda: connection.heard_settings)
                    connection.flood(frame for frame in test_attacks.FLOODS[name](connection) if time.monotonic() < end)
                    cut[number] += bool(connection.goaways or connection.closed)
            except OSError:
                time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(cut))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--shares", action="store_true")
    parser.add_argument("--attack", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        return attack(options.attack[0], int(options.attack[1]), options.seconds)

    import run
    import test_attacks

    policy = [] if options.shares else ["chrt", "--idle", "0"]
    names = list(filter(None, options.only.split(","))) or list(test_attacks.FLOODS)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run.seed_sqlite(folder / "bench.db", 1000)
        server = run.Pillion(folder, f"sqlite:{folder}/bench.db")
        healthy = lambda: run.load(server.port, "retrieve", 2, 1, options.seconds, hi=1000)["p99_us"]
        healthy()

        def beside(name):
            """The healthy client's p99 meanwhile, and how many connections were cut off."""
            command = [*policy, sys.executable, __file__, "--attack", name, str(server.port), "--seconds", str(options.seconds + 1)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attacker:
                time.sleep(0.5)
                return healthy(), int(attacker.communicate()[0])

        print("attack | p99 alone, µs | beside work alone, µs | under attack, µs | ratio to alone | to work | cut off a second | "
              "memory over idle, MiB")
        worst = [0, 0]
        for name in names:
            alone, busy, under, cut = [], [], [], 0
            idle = server.memory_kib()
            server.reset_peak()
            for _ in range(options.rounds):
                alone.append(healthy())
                busy.append(beside(BUSY)[0])
                p99, connections = beside(name)
                under.append(p99)
                cut += connections
            a, b, c = map(statistics.median, (alone, busy, under))
            worst = [max(worst[0], c / a), max(worst[1], c / b)]
            grown = (server.memory_kib("VmHWM") - idle) / 1024
            print(f"{name} | {a:,.0f} | {b:,.0f} | {c:,.0f} | {c / a:.1f} | {c / b:.1f} | "
                  f"{cut / options.rounds / (options.seconds + 1):,.0f} | {grown:.1f}", flush=True)
        print(f"worst ratio to alone {worst[0]:.1f}, asked for: at most 3; to work {worst[1]:.1f}")
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
