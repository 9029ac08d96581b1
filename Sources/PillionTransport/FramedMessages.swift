extension [UInt8] {
  /// How many messages bytes are that are whole messages, each with its five-byte prefix.
  var messageCount: Int {
    var messages = 0
    var offset = 0
    while offset &+ 5 <= count {
      var length = 0
      for index in 1..<5 { length = length << 8 | Int(self[offset &+ index]) }
      messages &+= 1
      offset &+= 5 &+ length
    }
    return messages
  }

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
