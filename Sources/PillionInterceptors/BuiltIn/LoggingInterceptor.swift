import Logging
import PillionSchema
package import PillionTransport

/// `logging`: one line for each call, when it is over.
///
/// The lines go around swift-log, whose dictionaries cost more than a call: each event loop writes them into a buffer of
/// its own, which it hands over when it is full or a few milliseconds old, and another thread writes them out.
package struct LoggingInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "logging", summary: "Writes a line for each call to standard error.",
    settings: [
      Setting(
        path: "level", kind: .choice, defaultValue: "info",
        summary: "Level of the lines; below log.level, only those of slow calls are written.",
        choices: ["trace", "debug", "info", "notice", "warning", "error", "critical"]),
      Setting(
        path: "slow", kind: .duration, defaultValue: "0",
        summary: "The lines of calls that take so long or longer have the level warning; 0: none."),
    ]
  ) { (settings, context) throws(InterceptorError) in
    let level = settings.text("level").flatMap { Logger.Level(rawValue: $0) } ?? .info
    return LoggingInterceptor(
      level: level, slow: settings.nanoseconds("slow"), least: context.logger.logLevel, isJSON: context.logsJSON,
      writer: LogWriter(), loops: context.loops)
  }

  private let writer: LogWriter
  private let lines: PerLoop<CallLines>

  init(level: Logger.Level, slow: UInt64?, least: Logger.Level, isJSON: Bool, writer: LogWriter, loops: Int) {
    self.writer = writer
    let levels = CallLines.Levels(level, slow: slow, least: least)
    lines = PerLoop(loops: loops) { _ in CallLines(levels, isJSON: isJSON, writer: writer) }
  }

  package func begin(_ call: ServerCall) -> Verdict { .proceed }

  package func end(_ call: ServerCall, _ summary: CallSummary) {
    lines[call].add(call, summary)
  }

  package func shutDown() {
    for lines in lines.all { lines.handOver() }
    writer.finish()
  }
}
