public import SwiftProtobuf

/// Methods whose messages SwiftProtobuf has generated. Bytes that are no such message are INTERNAL, as for the models' own
/// methods.
extension ServiceMethod {
  @inlinable
  public static func unary<Request: Message, Response: Message>(
    _ name: String,
    _ body: @escaping @Sendable (_ request: Request, _ context: CallContext) async throws -> Response
  ) -> ServiceMethod {
    unary(
      name, bytes: { request, context in try await body(Request(decoding: request, of: "request"), context).encoded() }
    )
    .of(Request.protoMessageName, Response.protoMessageName)
  }

  @inlinable
  public static func serverStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body:
      @escaping @Sendable (_ request: Request, _ answers: MessageWriter<Response>, _ context: CallContext)
      async throws -> Void
  ) -> ServiceMethod {
    serverStreaming(
      name,
      bytes: { request, answers, context in
        try await body(Request(decoding: request, of: "request"), MessageWriter(answers), context)
      }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }

  @inlinable
  public static func clientStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body: @escaping @Sendable (_ requests: DecodedMessages<Request>, _ context: CallContext) async throws -> Response
  ) -> ServiceMethod {
    clientStreaming(
      name, bytes: { requests, context in try await body(DecodedMessages(requests), context).encoded() }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }

  @inlinable
  public static func bidirectionalStreaming<Request: Message, Response: Message>(
    _ name: String,
    _ body:
      @escaping @Sendable (
        _ requests: DecodedMessages<Request>, _ answers: MessageWriter<Response>, _ context: CallContext
      ) async throws -> Void
  ) -> ServiceMethod {
    bidirectionalStreaming(
      name,
      bytes: { requests, answers, context in
        try await body(DecodedMessages(requests), MessageWriter(answers), context)
      }
    ).of(Request.protoMessageName, Response.protoMessageName)
  }
}

/// The messages of a request, one after the other, as they come; to be gone through once, by one task.
public struct DecodedMessages<Request: Message>: AsyncSequence, Sendable {
  @usableFromInline let messages: RequestMessages

  @inlinable
  init(_ messages: RequestMessages) { self.messages = messages }

  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(messages.makeAsyncIterator()) }

  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline var messages: RequestMessages.Iterator

    @inlinable
    init(_ messages: RequestMessages.Iterator) { self.messages = messages }

    @inlinable
    public mutating func next() async throws -> Request? {
      guard let bytes = try await messages.next() else { return nil }
      return try Request(decoding: bytes, of: "request")
    }
  }
}

/// The way of messages to the client.
public struct MessageWriter<Response: Message>: Sendable {
  @usableFromInline let answers: ResponseWriter

  @inlinable
  init(_ answers: ResponseWriter) { self.answers = answers }

  /// Returns when the client has room for more; throws `CancellationError` when the call has ended.
  @inlinable
  public func write(_ message: Response) async throws { try await answers.write(message.encoded()) }
}
