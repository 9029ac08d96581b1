import PillionSchema
package import PillionTransport

/// `read_only`: refuses what would change a row, for a migration or a replica say.
package struct ReadOnlyInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "read_only", summary: "Refuses Create, Update, PartialUpdate and Destroy.",
    settings: [
      Setting(path: "when", kind: .flag, defaultValue: "true", summary: "Whether it does; mostly from a variable.")
    ]
  ) { (settings, _) throws(InterceptorError) in settings.flag("when") ? ReadOnlyInterceptor() : nil }

  package init() {}

  private static let refusal = Status(
    .failedPrecondition, "The server is read-only.", details: [.errorInfo(reason: "READ_ONLY")])

  package func begin(_ call: ServerCall) -> Verdict { call.route.method.isMutating ? .refuse(Self.refusal) : .proceed }
}
