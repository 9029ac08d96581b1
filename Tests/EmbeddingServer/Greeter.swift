import Pillion
import SwiftProtobuf

/// Methods with messages that SwiftProtobuf has generated, and the ways in which a method ends.
struct Greeter: Service {
  let name = "test.Greeter"

  var methods: [ServiceMethod] {
    [
      .unary("Greet") { (name: Google_Protobuf_StringValue, context) in
        Google_Protobuf_StringValue("\(name.value), \(context.action) by \(context.metadata["x-greeter"] ?? "nobody")")
      },
      .serverStreaming("Count") {
        (limit: Google_Protobuf_Int32Value, answers: MessageWriter<Google_Protobuf_Int32Value>, _) in
        for number in 0..<limit.value { try await answers.write(Google_Protobuf_Int32Value(number)) }
      },
      .clientStreaming("Join") { (names: DecodedMessages<Google_Protobuf_StringValue>, _) in
        var all: [String] = []
        for try await name in names { all.append(name.value) }
        return Google_Protobuf_StringValue(all.joined(separator: " "))
      },
      .bidirectionalStreaming("Echo") {
        (
          names: DecodedMessages<Google_Protobuf_StringValue>, answers: MessageWriter<Google_Protobuf_StringValue>,
          _: CallContext
        ) in
        for try await name in names { try await answers.write(name) }
      },
      .unary("Fail") { (_: Google_Protobuf_Empty, _) -> Google_Protobuf_Empty in throw Secret() },
      .unary("Refuse") { (_: Google_Protobuf_Empty, context) -> Google_Protobuf_Empty in
        context.addTrailer("x-hint", "later")
        throw Status(.failedPrecondition, "not today", details: [.errorInfo(reason: "TODAY")])
      },
      .unary("Hang") { (_: Google_Protobuf_Empty, context) -> Google_Protobuf_Empty in
        _ = context.timeRemaining
        try await Task.sleep(for: .seconds(3600))
        return Google_Protobuf_Empty()
      },
      .unary("Hold") { (_: Google_Protobuf_Empty, context) -> Google_Protobuf_Empty in
        try await context.database.transaction { database in
          try await database.query("SELECT 1")
          try await Task.sleep(for: .seconds(3600))
        }
        return Google_Protobuf_Empty()
      },
      ServiceMethod.unary("Write") { (_: Google_Protobuf_Empty, _) in Google_Protobuf_Empty() }.mutating(),
    ]
  }
}

/// What clients must not see.
struct Secret: Error, CustomStringConvertible { var description: String { "the secret of the house" } }
