import Logging
package import PillionQuery
package import PillionSchema
import PillionTransport

extension Authorization {
  package static let definition = InterceptorDefinition(
    name: "authorization",
    summary: "Says who may call which methods, see which rows, and in which role of the database.",
    settings: [
      Setting(
        path: "rules", kind: .list,
        summary:
          "Which calls are allowed: those that a rule allows and none denies. Without rules all are, with an empty list none.",
        items: [
          Setting(
            path: "allow", kind: .text, summary: "Methods, as a pattern: blog.PostController/* or */{List,Retrieve}."),
          Setting(path: "deny", kind: .text, summary: "The same, for a rule that denies; it wins."),
          Setting(
            path: "when", kind: .text, summary: "A condition on claims, principal and peer, in the filter language."),
        ]),
      Setting(
        path: "row_filters", kind: .mapping,
        summary: "For each model the rows that a caller may see and write, in the filter language."),
      Setting(
        path: "database_role.claim", kind: .text,
        summary: "PostgreSQL: the claim that names the role in which a call's statements run."),
      Setting(
        path: "database_role.settings", kind: .text,
        summary: "PostgreSQL: the run-time setting that holds the claims as JSON meanwhile."),
      Setting(
        path: "database_role.default", kind: .text,
        summary: "PostgreSQL: the role of callers who have no such claim; without it they are refused."),
      Setting(
        path: "database_role.allow_bypass", kind: .flag, defaultValue: "false",
        summary: "PostgreSQL: whether the login role may be one that row security does not bind."),
    ]
  ) { (settings, context) throws(InterceptorError) in
    guard settings.isSet("rules") else { return nil }
    let rules = try AccessRules(settings)
    let logger = context.logger
    return Authorization(rules, loops: context.loops) { call, problem in
      logger.debug(
        "call refused: \(problem)",
        metadata: [
          "method": "\(call.method.path)", "peer": "\(call.peer)",
          "principal": "\(call.identity?.principal ?? "")",
        ])
    }
  }
}

extension AccessRules {
  /// Of the settings of `authorization`; every mistake is reported.
  init(_ settings: InterceptorSettings) throws(InterceptorError) {
    var rules: [Rule] = []
    var diagnostics: [Diagnostic] = []
    for item in settings.items("rules") {
      do throws(InterceptorError) {
        rules.append(try Rule(item))
      } catch {
        diagnostics += error.diagnostics
      }
    }
    guard diagnostics.isEmpty else { throw InterceptorError(diagnostics) }
    self.init(rules)
  }
}

extension AccessRules.Rule {
  fileprivate init(_ item: InterceptorSettings) throws(InterceptorError) {
    guard item.isSet("allow") != item.isSet("deny") else {
      throw item.error("", "a rule has one of 'allow' and 'deny'", suggestion: "{ allow: \"*/{List,Retrieve}\" }")
    }
    let key = item.isSet("allow") ? "allow" : "deny"
    let text = Located(item.text(key) ?? "", at: item.location(of: key))
    let methods = try MethodPattern.pattern(text, of: "authorization.rules")
    var condition: CallCondition?
    if let when = item.text("when") {
      do throws(QueryError) {
        condition = try CallCondition.parse(when)
      } catch {
        throw InterceptorError([error.diagnostic(at: item.textLocation(of: "when"), "a rule's 'when'")])
      }
    }
    self.init(isDenial: key == "deny", methods: methods, condition: condition)
  }
}

extension MethodPattern {
  static func pattern(_ text: Located<String>, of setting: String) throws(InterceptorError) -> MethodPattern {
    do throws(MethodPattern.Malformed) {
      return try MethodPattern(text.value)
    } catch {
      throw InterceptorError([
        Diagnostic(at: text.location, "'\(setting)': the pattern '\(text.value)' \(error.description)")
      ])
    }
  }

  static func patterns(_ texts: [Located<String>], of setting: String) throws(InterceptorError) -> [MethodPattern] {
    var patterns: [MethodPattern] = []
    for text in texts { patterns.append(try pattern(text, of: setting)) }
    return patterns
  }
}

extension QueryError {
  /// As a finding about a text of one line that begins at `location`, with an excerpt and its place below it.
  package func diagnostic(at location: SourceLocation, _ subject: String) -> Diagnostic {
    var place = location
    if place.column > 0 { place.column += position - 1 }
    return Diagnostic(at: place, "\(subject): \(message)" + (excerpt.isEmpty ? "" : "\n\(excerpt)"))
  }
}
