/// Comparison whose duration tells the length of what is compared, never where it differs.
package enum ConstantTime {
  package static func isEqual(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
    guard first.count == second.count else { return false }
    var difference: UInt64 = 0
    var offset = 0
    while offset + 8 <= first.count {
      difference |=
        first.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        ^ second.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    while offset < first.count {
      difference |= UInt64(first[offset] ^ second[offset])
      offset += 1
    }
    return difference == 0
  }
}
