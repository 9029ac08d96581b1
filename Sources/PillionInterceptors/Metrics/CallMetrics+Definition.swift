extension CallMetrics {
  static let definition = InterceptorDefinition(
    name: "metrics", summary: "Counts calls by method and status for /metrics of the admin port."
  ) { _, context in CallMetrics(group: context.group) }
}
