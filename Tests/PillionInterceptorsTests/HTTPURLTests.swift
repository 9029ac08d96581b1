import PillionInterceptors
import Testing

@Suite struct HTTPURLTests {
  @Test func partsOfAURL() throws {
    let url = try #require(HTTPURL("https://id.example:8443/keys?a=b"))
    #expect(url.isSecure)
    #expect(url.host == "id.example")
    #expect(url.port == 8443)
    #expect(url.target == "/keys?a=b")
    #expect(url.authority == "id.example:8443")
    #expect(HTTPURL("http://127.0.0.1")?.description == "http://127.0.0.1/")
    #expect(HTTPURL("http://h?x")?.target == "/?x")
    #expect(HTTPURL("http://[::1]:80/")?.authority == "[::1]")
    #expect(HTTPURL("HTTPS://h/")?.port == 443)
  }

  @Test(arguments: [
    "", "ftp://h/", "https://", "http://user@h/", "http://h:0/", "http://h:65536/", "http://h:+1/", "http://h:x/",
    "http://a b/", "http://h/#f", "http://[::1/", "http://[::1]x/", "http://h:1:2/", "http:///p", "http://h\\@x/",
    "http://h/\r\nx: y",
  ])
  func whatIsNoURL(_ text: String) { #expect(HTTPURL(text) == nil) }
}
