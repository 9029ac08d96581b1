import GRPCCore

/// `grpc.testing.TestService` registered as the code that grpc-swift-2 generates registers a service.
struct GeneratedInterop: RegistrableRPCService {
  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    register("EmptyCall", .unary, &router) { _ in StreamingServerResponse(single: ServerResponse(message: [])) }
    register("UnaryCall", .unary, &router) { request in
      let single = try await ServerRequest(stream: request)
      let message = try Self.translating { try InteropAnswers.single(single.message) }
      return StreamingServerResponse(
        single: ServerResponse(
          message: message, metadata: Self.initial(single.metadata), trailingMetadata: Self.trailing(single.metadata)))
    }
    register("StreamingInputCall", .clientStreaming, &router) { request in
      var size = 0
      for try await message in request.messages { size += try InteropAnswers.size(message) }
      return StreamingServerResponse(single: ServerResponse(message: InteropAnswers.sum(size)))
    }
    for (name, kind) in [
      ("StreamingOutputCall", MethodDescriptor.RPCType.serverStreaming), ("FullDuplexCall", .bidirectionalStreaming),
    ] {
      register(name, kind, &router) { request in
        StreamingServerResponse(metadata: Self.initial(request.metadata)) { writer in
          for try await message in request.messages {
            for answer in try Self.translating({ try InteropAnswers.turn(message) }) {
              try await Task.sleep(for: .microseconds(answer.pauseMicroseconds))
              try await writer.write(answer.message)
            }
          }
          return Self.trailing(request.metadata)
        }
      }
    }
  }

  private func register<Transport: ServerTransport>(
    _ name: String, _ kind: MethodDescriptor.RPCType, _ router: inout RPCRouter<Transport>,
    _ body: @escaping @Sendable (StreamingServerRequest<[UInt8]>) async throws -> StreamingServerResponse<[UInt8]>
  ) {
    router.registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: "grpc.testing.TestService", method: name, type: kind),
      deserializer: BytesCoder(), serializer: BytesCoder()
    ) { request, _ in try await body(request) }
  }

  private static func initial(_ metadata: Metadata) -> Metadata {
    var result = Metadata()
    for text in metadata[stringValues: "x-grpc-test-echo-initial"] {
      result.addString(text, forKey: "x-grpc-test-echo-initial")
    }
    return result
  }

  private static func trailing(_ metadata: Metadata) -> Metadata {
    var result = Metadata()
    for bytes in metadata[binaryValues: "x-grpc-test-echo-trailing-bin"] {
      result.addBinary(bytes, forKey: "x-grpc-test-echo-trailing-bin")
    }
    return result
  }

  private static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let ended as InteropAnswers.Ended {
      guard let status = Status.Code(rawValue: ended.code), let code = RPCError.Code(status) else {
        throw RPCError(code: .unknown, message: "no error: \(ended.code)")
      }
      throw RPCError(code: code, message: ended.message)
    }
  }
}

/// Messages as the bytes that they are.
struct BytesCoder: MessageSerializer, MessageDeserializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }

  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
}
