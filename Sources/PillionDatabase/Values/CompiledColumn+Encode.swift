import PillionSchema
import PillionWire

extension CompiledColumn {
  /// Appends the field that the cell is; nothing where the field is not set.
  @inline(__always)
  func encode<Reader: CellReader>(
    _ cell: Cell, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(Unreadable) {
    if cell.kind == .null { return try encodeNull(into: &writer) }
    switch presence {
    case .plain:
      try encodeValue(cell, reader, into: &writer)
    case .wrapped:
      writer.append(varint: tag)
      let mark = writer.beginLengthDelimited()
      try encodeValue(cell, reader, into: &writer)
      writer.endLengthDelimited(mark)
    case .packed:
      let start = writer.count
      writer.append(varint: tag)
      let mark = writer.beginLengthDelimited()
      let content = writer.count
      try encodeElements(cell, reader, into: &writer)
      if writer.count == content { writer.truncate(to: start) } else { writer.endLengthDelimited(mark) }
    case .repeated:
      try encodeElements(cell, reader, into: &writer)
    }
  }

  private func encodeNull(into writer: inout WireWriter) throws(Unreadable) {
    switch null {
    case .error: throw Unreadable(.null)
    case .absent: return
    case .message:
      writer.append(varint: tag)
      // Field 2, NULL_VALUE: a member of a oneof is written although it is zero.
      writer.append(byte: 2)
      writer.append(byte: 0x10)
      writer.append(byte: 0)
    }
  }

  private func encodeElements<Reader: CellReader>(
    _ cell: Cell, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(Unreadable) {
    if isList {
      return try Reader.forEachItem(of: cell) { (item) throws(Unreadable) in
        try encodeValue(item, reader, into: &writer)
      }
    }
    try Reader.forEachElement(of: cell, as: scalar) { (element) throws(Unreadable) in
      try encodeValue(element, reader, into: &writer)
    }
  }

  /// Appends one value behind `valueTag`.
  private func encodeValue<Reader: CellReader>(
    _ cell: Cell, _ reader: Reader.Type, into writer: inout WireWriter
  ) throws(Unreadable) {
    switch form {
    case .int64:
      append(varint: UInt64(bitPattern: try Reader.integer(cell)), to: &writer)
    case .int32:
      let number = try Reader.integer(cell)
      guard Int32(exactly: number) != nil else { throw Unreadable(.outOfRange) }
      append(varint: UInt64(bitPattern: number), to: &writer)
    case .enumeration:
      guard let number = Int32(exactly: try Reader.integer(cell)), number > 0 else { throw Unreadable(.choice) }
      append(varint: UInt64(number), to: &writer)
    case .uint32:
      guard let number = UInt32(exactly: try Reader.integer(cell)) else { throw Unreadable(.outOfRange) }
      append(varint: UInt64(number), to: &writer)
    case .uint64:
      append(varint: try Reader.unsigned(cell), to: &writer)
    case .bool:
      append(varint: try Reader.bool(cell) ? 1 : 0, to: &writer)
    case .float:
      let bits = try Reader.float(cell).bitPattern
      if bits == 0 && skipsZero { return }
      appendTag(to: &writer)
      writer.append(fixed32: bits)
    case .double:
      let bits = try Reader.double(cell).bitPattern
      if bits == 0 && skipsZero { return }
      appendTag(to: &writer)
      writer.append(fixed64: bits)
    case .string:
      append(text: try Reader.text(cell), to: &writer)
    case .bytes:
      append(bytes: try Reader.bytes(cell), to: &writer)
    case .decimal:
      append(text: try Reader.decimal(cell), to: &writer)
    case .uuid:
      append(short: try Reader.uuid(cell).text(), to: &writer)
    case .date:
      var text = ShortText()
      text.append(date: try Reader.date(cell, isInDays: isInDays))
      append(short: text, to: &writer)
    case .time:
      var text = ShortText()
      text.append(timeOfDay: try Reader.time(cell), fraction: .asNeeded)
      append(short: text, to: &writer)
    case .timestampText:
      append(short: try Reader.timestamp(cell).rfc3339, to: &writer)
    case .durationText:
      append(short: try Reader.duration(cell).iso8601, to: &writer)
    case .timestamp:
      let instant = try Reader.timestamp(cell)
      append(seconds: instant.seconds, nanoseconds: instant.nanoseconds, to: &writer)
    case .duration:
      let span = try Reader.duration(cell)
      append(seconds: span.seconds, nanoseconds: span.nanoseconds, to: &writer)
    case .jsonText:
      let text = try Reader.json(cell)
      guard text.withBytes({ JSONScanner.isValid($0) }) else { throw Unreadable(.malformed) }
      append(text: text, to: &writer)
    case .value:
      guard append(value: try Reader.json(cell), to: &writer) else { throw Unreadable(.malformed) }
    }
  }

  @inline(__always)
  private func appendTag(to writer: inout WireWriter) {
    if valueTag != 0 { writer.append(varint: valueTag) }
  }

  @inline(__always)
  private func append(varint: UInt64, to writer: inout WireWriter) {
    if varint == 0 && skipsZero { return }
    appendTag(to: &writer)
    writer.append(varint: varint)
  }

  @inline(__always)
  private func append(bytes: UnsafeRawBufferPointer, to writer: inout WireWriter) {
    if bytes.count == 0 && skipsZero { return }
    appendTag(to: &writer)
    writer.append(lengthDelimited: bytes)
  }

  @inline(__always)
  private func append(text: CellText, to writer: inout WireWriter) {
    switch text {
    case .borrowed(let bytes): append(bytes: bytes, to: &writer)
    case .made(let made): made.withUnsafeBytes { append(bytes: $0, to: &writer) }
    }
  }

  private func append(short text: ShortText, to writer: inout WireWriter) {
    text.withBytes { append(bytes: $0, to: &writer) }
  }

  /// The body of a Timestamp or Duration: two fields without presence.
  private func append(seconds: Int64, nanoseconds: Int32, to writer: inout WireWriter) {
    appendTag(to: &writer)
    let mark = writer.beginLengthDelimited()
    if seconds != 0 {
      writer.append(byte: 0x08)
      writer.append(varint: UInt64(bitPattern: seconds))
    }
    if nanoseconds != 0 {
      writer.append(byte: 0x10)
      writer.append(varint: UInt64(bitPattern: Int64(nanoseconds)))
    }
    writer.endLengthDelimited(mark)
  }

  /// A `google.protobuf.Value`; false if the text is no JSON that it can hold.
  private func append(value text: CellText, to writer: inout WireWriter) -> Bool {
    appendTag(to: &writer)
    let mark = writer.beginLengthDelimited()
    let isValue = text.withBytes { json in
      do throws(WireError) {
        try writer.append(value: json)
        return true
      } catch {
        return false
      }
    }
    writer.endLengthDelimited(mark)
    return isValue
  }
}

extension CellText {
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    switch self {
    case .borrowed(let bytes): body(bytes)
    case .made(let made): made.withUnsafeBytes { body($0) }
    }
  }
}
