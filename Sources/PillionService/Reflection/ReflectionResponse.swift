import PillionProto
import PillionTransport
import PillionWire

/// `ServerReflectionResponse`, written as it goes out.
enum ReflectionResponse {
  /// The answer in its gRPC frame; `bytes` are the request's, which go back with it.
  static func frame(
    answering request: ReflectionRequest, bytes: UnsafeRawBufferPointer, from index: DescriptorIndex
  ) -> [UInt8] {
    var writer = WireWriter()
    let frame = writer.beginGRPCFrame()
    if !request.host.isEmpty { writer.append(field: 1, text: request.host) }
    writer.append(tag: 2, wireType: .lengthDelimited)
    writer.append(lengthDelimited: bytes)
    switch request.question {
    case .fileNamed(let name):
      append(index.file(named: name), else: "no file \(name)", to: &writer)
    case .fileDeclaring(let symbol):
      append(index.file(declaring: symbol), else: "no symbol \(symbol)", to: &writer)
    case .fileWithExtension:
      append(.notFound, "no such extension", to: &writer)
    case .extensionNumbers(let type) where index.hasMessage(type):
      writer.append(field: 5) { $0.append(field: 1, text: type) }
    case .extensionNumbers(let type):
      append(.notFound, "no message \(type)", to: &writer)
    case .services:
      writer.append(field: 6) { list in
        for name in index.services { list.append(field: 1) { $0.append(field: 1, text: name) } }
      }
    case nil:
      append(.invalidArgument, "the request asks for nothing that is known", to: &writer)
    }
    writer.endGRPCFrame(frame)
    return Array(writer.bytes)
  }

  /// `FileDescriptorResponse`.
  private static func append(_ files: [[UInt8]]?, else message: String, to writer: inout WireWriter) {
    guard let files else { return append(.notFound, message, to: &writer) }
    writer.append(field: 4) { response in
      for file in files {
        response.append(tag: 1, wireType: .lengthDelimited)
        file.withUnsafeBytes { response.append(lengthDelimited: $0) }
      }
    }
  }

  /// `ErrorResponse`.
  private static func append(_ code: StatusCode, _ message: String, to writer: inout WireWriter) {
    writer.append(field: 7) { error in
      error.append(tag: 1, wireType: .varint)
      error.append(varint: UInt64(code.rawValue))
      error.append(field: 2, text: message)
    }
  }
}

extension WireWriter {
  fileprivate mutating func append(field number: Int32, text: String) {
    append(tag: number, wireType: .lengthDelimited)
    var text = text
    text.withUTF8 { append(lengthDelimited: UnsafeRawBufferPointer($0)) }
  }

  fileprivate mutating func append(field number: Int32, _ body: (inout WireWriter) -> Void) {
    append(tag: number, wireType: .lengthDelimited)
    let mark = beginLengthDelimited()
    body(&self)
    endLengthDelimited(mark)
  }
}
