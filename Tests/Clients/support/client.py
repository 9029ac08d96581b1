"""Stubs made from descriptors: `client.service("BookController").Create(title="…")`.

Descriptors live in a pool of the client's own, so tests may have different protos of the same name.
"""

from google.protobuf import descriptor_pool, json_format, message_factory

# A hang is a failure; no test waits this long on purpose.
TIMEOUT = 60

NULL = {"null": 0}


def value(of):
    """The nullable message, or the wrapper, that holds something."""
    return {"value": of}


class Client:
    def __init__(self, channel, descriptors):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool()
        self.services = {}
        self.messages = {}
        for file in descriptors.file:
            self.pool.Add(file)
        for file in descriptors.file:
            prefix = f"{file.package}." if file.package else ""
            for service in file.service:
                self.services[service.name] = Service(self, self.pool.FindServiceByName(prefix + service.name))
            for message in file.message_type:
                self.messages[message.name] = self.pool.FindMessageTypeByName(prefix + message.name)

    def service(self, name):
        return self.services[name]

    def message(self, name):
        """The class of a generated message, by its short name."""
        return message_factory.GetMessageClass(self.messages[name])


class Service:
    def __init__(self, client, descriptor):
        self.descriptor = descriptor
        for method in descriptor.methods:
            setattr(self, method.name, Method(client, method))


class Method:
    """Calling it takes the request's fields, or `json=` in protobuf's JSON mapping, or a whole message."""

    def __init__(self, client, descriptor):
        self.descriptor = descriptor
        self.request_class = message_factory.GetMessageClass(descriptor.input_type)
        self.response_class = message_factory.GetMessageClass(descriptor.output_type)
        self.path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        kind = client.channel.unary_stream if descriptor.server_streaming else client.channel.unary_unary
        self.stub = kind(
            self.path, request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.response_class.FromString,
        )

    def request(self, message=None, /, json=None, **fields):
        if json is not None:
            return json_format.ParseDict(json, self.request_class())
        return message if message is not None else self.request_class(**fields)

    def __call__(self, message=None, /, *, timeout=TIMEOUT, metadata=None, **fields):
        answer = self.stub(self.request(message, **fields), timeout=timeout, metadata=metadata)
        return list(answer) if self.descriptor.server_streaming else answer

    def with_call(self, message=None, /, *, timeout=TIMEOUT, metadata=None, **fields):
        """Response and call, for what the server says beside the response."""
        return self.stub.with_call(self.request(message, **fields), timeout=timeout, metadata=metadata)

    def start(self, message=None, /, *, timeout=TIMEOUT, metadata=None, **fields):
        """The call on its way: an iterator of a stream, a future of one response."""
        call = self.stub if self.descriptor.server_streaming else self.stub.future
        return call(self.request(message, **fields), timeout=timeout, metadata=metadata)
