import Logging
import NIOCore
import PillionSchema

extension Tracing {
  static let definition = InterceptorDefinition(
    name: "tracing",
    summary:
      "Takes W3C trace context, and sends a span for each call, its wait and its statement to an OTLP collector.",
    settings: [
      Setting(path: "otlp", kind: .url, summary: "The collector, such as http://127.0.0.1:4318."),
      Setting(
        path: "sample", kind: .text, defaultValue: "1.0",
        summary:
          "Share of the traces that begin here which is recorded, 0 to 1; others are recorded if their caller says so."),
      Setting(
        path: "statements", kind: .flag, defaultValue: "false",
        summary: "Whether spans have the SQL of statements, with placeholders in the place of values."),
      Setting(path: "queue", kind: .integer, defaultValue: "8192", summary: "Spans that may wait for the collector."),
    ],
    shorthand: "otlp"
  ) { (settings, context) throws(InterceptorError) in
    var errors: [Diagnostic] = []
    var configuration = Configuration()
    configuration.showsStatements = settings.flag("statements")
    if let sample = settings.text("sample").flatMap({ Double($0) }), (0...1).contains(sample) {
      configuration.sample = sample
    } else {
      errors += settings.error("sample", "'tracing.sample' expected a number from 0 to 1").diagnostics
    }
    let collector = settings.text("otlp").flatMap { collector in
      HTTPURL((collector.hasSuffix("/") ? String(collector.dropLast()) : collector) + "/v1/traces")
    }
    if collector == nil {
      errors +=
        settings.error(
          "otlp", "'tracing.otlp' expected the URL of a collector", suggestion: "http://127.0.0.1:4318"
        ).diagnostics
    }
    guard let collector, errors.isEmpty else { throw InterceptorError(errors) }
    var export = SpanExporter.Configuration(url: collector, version: context.version)
    export.queueLimit = max(1, settings.integer("queue") ?? export.queueLimit)
    let logger = context.logger
    let exporter = SpanExporter(export, group: context.group) { logger.warning("\($0)") }
    return Tracing(configuration, exporter: exporter)
  }
}
