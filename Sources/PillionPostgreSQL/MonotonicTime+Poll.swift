internal import PillionDatabase

extension MonotonicTime {
  /// Milliseconds for `poll` and `epoll_wait` from `now` to `time`, rounded up; -1 for `never`.
  static func milliseconds(from now: UInt64, to time: UInt64) -> Int32 {
    guard time != never else { return -1 }
    guard time > now else { return 0 }
    return Int32(clamping: (time - now) / 1_000_000 + 1)
  }
}

extension Duration {
  /// Whole nanoseconds, 0 where negative, as many as fit.
  var nanoseconds: UInt64 {
    let parts = components
    guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(parts.seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : MonotonicTime.after(whole, UInt64(parts.attoseconds) / 1_000_000_000)
  }

  /// Whole milliseconds, rounded up, as PostgreSQL's settings take them.
  var milliseconds: Int64 { Int64(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1)) }
}
