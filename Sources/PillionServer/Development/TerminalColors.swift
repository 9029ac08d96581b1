import Glibc

/// Colours, where somebody sees them.
package struct TerminalColors: Sendable {
  package enum Color: Int, Sendable {
    case red = 31
    case green = 32
    case yellow = 33
    case gray = 90
  }

  package let areOn: Bool

  package init(areOn: Bool) { self.areOn = areOn }

  /// A terminal has them unless `NO_COLOR` is set, and a file or pipe only if `CLICOLOR_FORCE` is.
  package init(environment: [String: String], isTerminal: Bool) {
    func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty && $0 != "0" } ?? false }
    let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    areOn = !isRefused && (isSet("CLICOLOR_FORCE") || isTerminal && environment["TERM"] != "dumb")
  }

  static let standardError = TerminalColors(
    environment: ProcessEnvironment.all, isTerminal: isatty(STDERR_FILENO) == 1)

  package func paint(_ text: String, _ color: Color) -> String {
    areOn ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
  }
}
