"""Runs a client as it is, but for where its server listens: `run_client.py CLIENT HOST:PORT`."""

import runpy
import sys

import grpc

client, address = sys.argv[1:]
insecure_channel = grpc.insecure_channel


def redirected(target, *arguments, **options):
    assert target == "localhost:50051", target
    return insecure_channel(address, *arguments, **options)


grpc.insecure_channel = redirected
runpy.run_path(client)
