import Glibc

/// The present as log lines have it, RFC 3339 in UTC with milliseconds: made once for all calls that end together, and the
/// calendar asked once a second.
final class LineClock {
  private var second: time_t = .min
  /// `2026-01-31T23:59:59.`
  private let date = LineBytes(capacity: 24)
  /// The date and `123Z`.
  private let text = LineBytes(capacity: 24)
  private var moment: UInt64 = 0

  /// - Parameter moment: of CLOCK_MONOTONIC; the text of the moment before is used again for the same one.
  func append(to line: LineBytes, at moment: UInt64) {
    if moment != self.moment || text.count == 0 {
      self.moment = moment
      read()
    }
    line.append(text)
  }

  private func read() {
    var time = timespec()
    // Four milliseconds exact, and a quarter of the price.
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    if time.tv_sec != second {
      second = time.tv_sec
      readCalendar(&time.tv_sec)
    }
    text.removeAll()
    text.append(date)
    text.append(padded: time.tv_nsec / 1_000_000, 3)
    text.append("Z")
  }

  private func readCalendar(_ time: inout time_t) {
    var parts = tm()
    gmtime_r(&time, &parts)
    date.removeAll()
    date.append(padded: Int(parts.tm_year) + 1900, 4)
    date.append("-")
    date.append(padded: Int(parts.tm_mon) + 1, 2)
    date.append("-")
    date.append(padded: Int(parts.tm_mday), 2)
    date.append("T")
    date.append(padded: Int(parts.tm_hour), 2)
    date.append(":")
    date.append(padded: Int(parts.tm_min), 2)
    date.append(":")
    date.append(padded: Int(parts.tm_sec), 2)
    date.append(".")
  }
}
