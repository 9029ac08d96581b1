import Logging
import PillionSchema
import PillionTransport

extension Authentication {
  package static let definition = InterceptorDefinition(
    name: "authentication",
    summary: "Finds out who calls, by token, API key or certificate, and lets nobody else in.",
    settings: [
      Setting(
        path: "jwt.jwks", kind: .text,
        summary: "Key set that tokens are signed with: file:path or an http(s) URL.", isReloadable: true),
      Setting(
        path: "jwt.refresh", kind: .duration, defaultValue: "1m",
        summary: "How often a key set is fetched from its URL; a token of an unknown key has it fetched at once."),
      Setting(
        path: "jwt.public_key", kind: .path, summary: "PEM file of the one public key that tokens are signed with.",
        isReloadable: true),
      Setting(
        path: "jwt.secret", kind: .text,
        summary: "Secret of 32 bytes or more that tokens are signed with; file:path reads it from a file.",
        isSecret: true),
      Setting(
        path: "jwt.algorithms", kind: .texts,
        summary: "The only algorithms that tokens may have, such as [RS256]; default: those that the keys are for."),
      Setting(
        path: "jwt.issuer", kind: .texts, summary: "What a token's iss must be, one of several; default: anything."),
      Setting(
        path: "jwt.audience", kind: .texts, summary: "What a token's aud must hold, one of several; default: anything."),
      Setting(
        path: "jwt.leeway", kind: .duration, defaultValue: "30s",
        summary: "How much clocks may differ, for exp, nbf and iat."),
      Setting(
        path: "jwt.principal", kind: .text, defaultValue: "sub", summary: "The claim that names the caller."),
      Setting(path: "jwt.required", kind: .texts, summary: "Claims without which a token is refused, such as [exp]."),
      Setting(
        path: "api_keys.file", kind: .path, summary: "File of API keys, made by `pillion api-key`.", isReloadable: true),
      Setting(
        path: "mtls.trust_domain", kind: .text,
        summary: "SPIFFE trust domain that clients' certificates must be of; the SPIFFE id is the caller's name."),
      Setting(
        path: "mtls.principal", kind: .choice,
        summary: "Without a trust domain: what in a verified certificate is the caller's name.",
        choices: ["subject", "dns"]),
      Setting(
        path: "anonymous", kind: .texts,
        summary: "Methods that need no credentials, as patterns: [grpc.health.v1.Health/*]."),
    ]
  ) { (settings, context) throws(InterceptorError) in
    let sources = AuthenticationSources(settings: settings, context: context)
    let methods = try sources.methods()
    let logger = context.logger
    return Authentication(methods, loops: context.loops, sources: sources.running) { call, problem in
      logger.debug(
        "call refused: \(problem)", metadata: ["method": "\(call.method.path)", "peer": "\(call.peer)"])
    }
  }
}
