import bench_pb2
from django_socio_grpc import proto_serializers

from bench.models import Post


class PostSerializer(proto_serializers.ModelProtoSerializer):
    class Meta:
        model = Post
        proto_class = bench_pb2.Post
        proto_class_list = bench_pb2.Post  # asked for, though a List that streams has no message of its own
        fields = ["id", "title", "content", "views", "rating", "published", "created"]
