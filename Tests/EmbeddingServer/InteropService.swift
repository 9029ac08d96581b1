import Pillion

/// `grpc.testing.TestService` as a service of one's own, with messages as bytes.
struct InteropService: Service {
  let name = "grpc.testing.TestService"

  var methods: [ServiceMethod] {
    [
      .unary("EmptyCall", bytes: { _, _ in [] }),
      .unary(
        "UnaryCall",
        bytes: { request, context in
          Self.echo(context)
          return try Self.translating { try InteropAnswers.single(request) }
        }),
      .clientStreaming(
        "StreamingInputCall",
        bytes: { requests, _ in
          var size = 0
          for try await request in requests { size += try InteropAnswers.size(request) }
          return InteropAnswers.sum(size)
        }),
      .serverStreaming(
        "StreamingOutputCall",
        bytes: { request, answers, context in
          Self.echo(context)
          try await Self.answer(request, answers)
        }),
      .bidirectionalStreaming(
        "FullDuplexCall",
        bytes: { requests, answers, context in
          Self.echo(context)
          for try await request in requests { try await Self.answer(request, answers) }
        }),
    ]
  }

  private static func answer(_ request: [UInt8], _ answers: ResponseWriter) async throws {
    for answer in try translating({ try InteropAnswers.turn(request) }) {
      try await Task.sleep(for: .microseconds(answer.pauseMicroseconds))
      try await answers.write(answer.message)
    }
  }

  /// The metadata that the tests want back.
  private static func echo(_ context: CallContext) {
    if let text = context.metadata["x-grpc-test-echo-initial"] { context.addHeader("x-grpc-test-echo-initial", text) }
    if let bytes = context.metadata.binary("x-grpc-test-echo-trailing-bin") {
      context.addTrailer("x-grpc-test-echo-trailing-bin", bytes: bytes)
    }
  }

  private static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let ended as InteropAnswers.Ended {
      throw Status(StatusCode(rawValue: ended.code), ended.message)
    }
  }
}
