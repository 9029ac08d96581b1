/// Methods whose messages are bytes: for a codec of your own, or for none.
extension ServiceMethod {
  /// Of any kind, for a bridge that finds out by itself what a call is.
  package static func raw(
    _ name: String, clientStreams: Bool, serverStreams: Bool,
    _ body:
      @escaping @Sendable (_ requests: RequestMessages, _ answers: ResponseWriter, _ context: CallContext)
      async throws -> Void
  ) -> ServiceMethod {
    ServiceMethod(name, clientStreams: clientStreams, serverStreams: serverStreams) { requests, answers, context in
      try await body(requests, answers, context)
      return nil
    }
  }

  public static func unary(
    _ name: String, bytes body: @escaping @Sendable (_ request: [UInt8], _ context: CallContext) async throws -> [UInt8]
  ) -> ServiceMethod {
    ServiceMethod(name) { requests, _, context in try await body(requests.only(), context) }
  }

  public static func serverStreaming(
    _ name: String,
    bytes body:
      @escaping @Sendable (_ request: [UInt8], _ answers: ResponseWriter, _ context: CallContext) async throws -> Void
  ) -> ServiceMethod {
    ServiceMethod(name, serverStreams: true) { requests, answers, context in
      try await body(requests.only(), answers, context)
      return nil
    }
  }

  public static func clientStreaming(
    _ name: String,
    bytes body: @escaping @Sendable (_ requests: RequestMessages, _ context: CallContext) async throws -> [UInt8]
  ) -> ServiceMethod {
    ServiceMethod(name, clientStreams: true) { requests, _, context in try await body(requests, context) }
  }

  public static func bidirectionalStreaming(
    _ name: String,
    bytes body:
      @escaping @Sendable (_ requests: RequestMessages, _ answers: ResponseWriter, _ context: CallContext)
      async throws -> Void
  ) -> ServiceMethod {
    ServiceMethod(name, clientStreams: true, serverStreams: true) { requests, answers, context in
      try await body(requests, answers, context)
      return nil
    }
  }
}

extension RequestMessages {
  /// The message of a call that has one.
  func only() async throws -> [UInt8] {
    for try await message in self { return message }
    // The transport has refused a call without a message.
    throw Status(.internal, "the request has no message")
  }
}
