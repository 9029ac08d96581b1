import PillionWire

/// Spans as an `ExportTraceServiceRequest` of OTLP, in protobuf (opentelemetry/proto/trace/v1/trace.proto, 1.x).
enum SpanBatch {
  static func encode(_ spans: [Span], service: String, version: String) -> [UInt8] {
    var writer = WireWriter()
    writer.message(1) { writer in  // resource_spans
      writer.message(1) { writer in  // resource
        writer.attribute(1, "service.name", .text(service))
        writer.attribute(1, "telemetry.sdk.name", .text("pillion"))
        writer.attribute(1, "telemetry.sdk.version", .text(version))
      }
      writer.message(2) { writer in  // scope_spans
        writer.message(1) { writer in  // scope
          writer.text(1, "pillion")
          writer.text(2, version)
        }
        for span in spans { writer.message(2) { $0.span(span) } }
      }
    }
    return Array(writer.bytes)
  }
}

extension WireWriter {
  fileprivate mutating func message(_ tag: Int32, _ body: (inout WireWriter) -> Void) {
    append(tag: tag, wireType: .lengthDelimited)
    let mark = beginLengthDelimited()
    body(&self)
    endLengthDelimited(mark)
  }

  fileprivate mutating func text(_ tag: Int32, _ text: String) {
    var text = text
    append(tag: tag, wireType: .lengthDelimited)
    text.withUTF8 { append(lengthDelimited: UnsafeRawBufferPointer($0)) }
  }

  fileprivate mutating func number(_ tag: Int32, _ number: UInt64) {
    append(tag: tag, wireType: .varint)
    append(varint: number)
  }

  fileprivate mutating func attribute(_ tag: Int32, _ name: String, _ value: Span.Value) {
    message(tag) { writer in
      writer.text(1, name)
      writer.message(2) { writer in
        switch value {
        case .text(let text): writer.text(1, text)
        case .number(let number): writer.number(3, UInt64(bitPattern: Int64(number)))
        }
      }
    }
  }

  /// The bytes of an id, most significant first.
  fileprivate mutating func id(_ tag: Int32, _ words: UInt64...) {
    append(tag: tag, wireType: .lengthDelimited)
    append(varint: UInt64(words.count * 8))
    for word in words { append(fixed64: word.byteSwapped) }
  }

  fileprivate mutating func time(_ tag: Int32, _ nanoseconds: UInt64) {
    append(tag: tag, wireType: .fixed64)
    append(fixed64: nanoseconds)
  }

  fileprivate mutating func span(_ span: Span) {
    id(1, span.trace.high, span.trace.low)
    id(2, span.id.value)
    if !span.state.isEmpty { text(3, span.state) }
    if let parent = span.parent { id(4, parent.value) }
    text(5, span.name)
    number(6, span.kind.rawValue)
    time(7, span.begin)
    time(8, span.end)
    for (name, value) in span.attributes { attribute(9, name, value) }
    // status { code = 3 }: STATUS_CODE_ERROR is 2.
    if span.isFailed { message(15) { $0.number(3, 2) } }
  }
}
