package import PillionTransport

/// `serve --dev`: one line a call on standard error, for the person who sits before it.
package struct CallLog: CallObserver {
  private let colors: TerminalColors

  package init(colors: TerminalColors) { self.colors = colors }

  init() { self.init(colors: .standardError) }

  package func callEnded(_ call: ServerCall, _ summary: CallSummary) {
    Terminal.complain(line(call.method.path, summary, at: Timestamp.now()))
  }

  /// `12:30:01 OK                 0.8 ms  blog.PostController/Create  31 B → 40 B`
  package func line(_ path: String, _ summary: CallSummary, at time: String) -> String {
    let color: TerminalColors.Color =
      switch summary.status {
      case .ok: .green
      case .internal, .unknown, .dataLoss, .unavailable: .red
      default: .yellow
      }
    let tenths = summary.durationNanoseconds / 100_000
    let duration = "\(tenths / 10).\(tenths % 10) ms"
    return [
      colors.paint(String(time.dropFirst(11).prefix(8)), .gray),
      colors.paint(Self.padded("\(summary.status)", 17), color),
      String(repeating: " ", count: max(0, 10 - duration.count)) + duration,
      Self.visible(path),
      colors.paint("\(summary.requestBytes) B → \(summary.responseBytes) B", .gray),
    ].joined(separator: "  ")
  }

  /// The path without its slash, and without what would move the cursor: a client has chosen it.
  private static func visible(_ path: String) -> String {
    let name = path.hasPrefix("/") ? path.dropFirst() : path[...]
    return String(String.UnicodeScalarView(name.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
