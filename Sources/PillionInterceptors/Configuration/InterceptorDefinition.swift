package import Logging
package import NIOCore
import NIOPosix
package import PillionSchema
package import PillionTransport

/// A layer that the configuration can name: its settings, declared once, and how it is made of them.
///
/// A new one is a type in a file of its own that conforms to `Interceptor` and has a `static let definition`, and an
/// entry for that in `InterceptorRegistry.builtIn`. Everything else follows: the configuration knows its name and its
/// keys and checks their values, `--print-config` prints them, and the tests want them in `docs/configuration.md`.
package struct InterceptorDefinition: Sendable {
  package typealias Make =
    @Sendable (_ settings: InterceptorSettings, _ context: InterceptorContext) throws(InterceptorError)
    -> (any Interceptor)?

  /// As the list of `interceptors` names it.
  package var name: String
  package var summary: String
  /// Paths are relative: `jwt.issuer` is the key `issuer` in the section `jwt` of the layer's settings.
  package var settings: [Setting]
  /// The setting that `name: value` means.
  package var shorthand: String?
  /// Whether the list may name it more than once.
  package var isRepeatable = false
  /// Whether it has its place around the others, wherever the list names it.
  package var isOutermost = false
  /// Nil: with these settings it has nothing to do, and is left out.
  package var make: Make

  package init(
    name: String, summary: String, settings: [Setting] = [], shorthand: String? = nil, isRepeatable: Bool = false,
    isOutermost: Bool = false, make: @escaping Make
  ) {
    self.name = name
    self.summary = summary
    self.settings = settings
    self.shorthand = shorthand
    self.isRepeatable = isRepeatable
    self.isOutermost = isOutermost
    self.make = make
  }

  /// `PILLION_INTERCEPTORS_LOGGING_SLOW`; nil for what is more than one text.
  package func environmentName(_ setting: Setting) -> String? {
    setting.isScalar && !isRepeatable ? Setting.environmentName("interceptors.\(name).\(setting.path)") : nil
  }
}

/// What a layer may use of the server that it is made for.
package struct InterceptorContext: Sendable {
  /// For `PerLoop`.
  package var loops: Int
  /// The event loops, in the order in which they are counted.
  package var group: any EventLoopGroup
  /// Of the program.
  package var version: String
  package var logger: Logger
  /// Whether log lines are JSON objects, not text for people.
  package var logsJSON: Bool
  /// Whether clients may show certificates, which are verified then.
  package var verifiesClients: Bool

  package init(
    loops: Int, logger: Logger, logsJSON: Bool = true, verifiesClients: Bool = false,
    group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, version: String = ""
  ) {
    self.loops = loops
    self.group = group
    self.version = version
    self.logger = logger
    self.logsJSON = logsJSON
    self.verifiesClients = verifiesClients
  }
}

/// Why a layer cannot be made of its settings.
package struct InterceptorError: Error {
  package var diagnostics: [Diagnostic]

  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
