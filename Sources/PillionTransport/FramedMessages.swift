extension [UInt8] {
  /// Of bytes that are whole messages, each with its five-byte prefix: the length of the longest.
  var longestMessage: Int? {
    var longest: Int?
    var offset = 0
    while offset + 5 <= count {
      let length = self[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
      longest = Swift.max(longest ?? 0, length)
      offset += 5 + length
    }
    return longest
  }
}
