internal import Glibc

/// Nanoseconds of CLOCK_MONOTONIC, as `Job.deadline` counts them.
enum MonotonicTime {
  static let never = UInt64.max

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
  }

  /// `time` and `span` later, or `never` where that does not fit.
  static func after(_ time: UInt64, _ span: UInt64) -> UInt64 {
    let (sum, overflow) = time.addingReportingOverflow(span)
    return overflow ? never : sum
  }

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
