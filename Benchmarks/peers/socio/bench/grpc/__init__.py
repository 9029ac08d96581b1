"""Where django-socio-grpc looks for an app's generated modules; they are made elsewhere."""
import sys

import bench_pb2
import bench_pb2_grpc

sys.modules[f"{__name__}.bench_pb2"] = bench_pb2
sys.modules[f"{__name__}.bench_pb2_grpc"] = bench_pb2_grpc
