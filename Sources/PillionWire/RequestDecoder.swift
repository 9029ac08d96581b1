package import PillionSchema

/// Reads one kind of request message.
///
/// It accepts the bytes that protobuf's own parsers accept and takes the same values from them: unknown fields and
/// known numbers with another wire type are passed over, the last of several scalars counts, submessages that occur
/// twice are merged, packed and unpacked elements mix, strings must be UTF-8, numbers are cut to their type's width.
///
/// A class, so that a call takes hold of it by one reference.
package final class RequestDecoder: Sendable {
  package let shape: MessageShape
  private let table: FieldTable
  private let plans: [FieldPlan]
  /// Indices of the fields that hold `google.protobuf.Value`.
  private let valueFields: [Int]

  /// A shape has at most 65,536 fields.
  package init(shape: MessageShape) {
    self.shape = shape
    table = FieldTable(shape.fields)
    let plans = shape.fields.map { FieldPlan($0) }
    self.plans = plans
    valueFields = plans.indices.filter { plans[$0].item == .value }
  }

  /// Fills `message`, reusing what it holds. Afterwards it borrows `bytes`. When it throws, what `message` holds means
  /// nothing.
  package func decode(_ bytes: UnsafeRawBufferPointer, into message: inout DecodedMessage) throws(WireError) {
    message.reset(slots: plans.count, source: bytes)
    guard let base = bytes.baseAddress else { return }
    guard bytes.count <= Int32.max else { throw .tooLarge }
    var reader = WireReader(base: base, start: 0, end: bytes.count)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      guard let index = table.index(of: tag &>> 3) else {
        try reader.skip(tag)
        continue
      }
      let plan = plans[index]
      if tag & 7 != plan.wireType {
        if plan.isPackable && tag & 7 == 2 {
          try reader.readPacked(plan.item, to: index, of: &message)
        } else {
          try reader.skip(tag)
        }
      } else if plan.isRepeated {
        message.openRun(index)
        var element = Slot()
        element.owner = UInt16(truncatingIfNeeded: index)
        try reader.readField(plan, into: &element, fragments: &message.fragments)
        message.elements.append(element)
      } else {
        try reader.readField(plan, into: &message.slots[index], fragments: &message.fragments)
      }
    }
    message.closeRun()
    if message.isInterleaved { message.groupElements() }
    if !valueFields.isEmpty { try renderValues(of: &message, base: base) }
  }

  /// Makes JSON text of every `google.protobuf.Value`, now that all its parts are known.
  private func renderValues(of message: inout DecodedMessage, base: UnsafeRawPointer) throws(WireError) {
    var renderer = ValueRenderer(base: base)
    swap(&renderer.output, &message.scratch)
    defer { swap(&renderer.output, &message.scratch) }
    for field in valueFields {
      guard plans[field].isRepeated else {
        try renderer.render(&message.slots[field], fragments: message.fragments)
        continue
      }
      let start = message.slots[field].start
      for index in start..<start &+ message.slots[field].count {
        try renderer.render(&message.elements[index], fragments: message.fragments)
      }
    }
  }
}
