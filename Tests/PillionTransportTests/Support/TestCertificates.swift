/// Certificates made for these tests, valid for a hundred years.
enum TestCertificates {
  /// Signed the two others.
  static let authority = Array(
    """
    -----BEGIN CERTIFICATE-----
    MIIBcTCCARegAwIBAgIUavjMWMeYncJOdNogecffGNcNoOIwCgYIKoZIzj0EAwIw
    LTEXMBUGA1UECgwOUGlsbGlvbiwgdGVzdHMxEjAQBgNVBAMMCUF1dGhvcml0eTAg
    Fw0xODA5MDYyMzM4MzFaGA8yMTE4MDgxMzIzMzgzMVowLTEXMBUGA1UECgwOUGls
    bGlvbiwgdGVzdHMxEjAQBgNVBAMMCUF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqG
    SM49AwEHA0IABCDVO8jZSzrJSQYc2lINRhC9v/tGsRuMbrFFI9m6dfQWi3oH4BvE
    j8am4HjCUxK9jva5lUQDPKcorQtrKPz1lIijEzARMA8GA1UdEwEB/wQFMAMBAf8w
    CgYIKoZIzj0EAwIDSAAwRQIgFz9bzWJ0ZQdS88zUqKSd7Fx0A97zLbsxNe5FtbF1
    LBACIQCs1XtnDrgtrRaNde3G3MriGmE0BVSeRsbQymhz4vXSjw==
    -----END CERTIFICATE-----
    """.utf8)

  /// For `localhost`.
  static let server = Array(
    """
    -----BEGIN CERTIFICATE-----
    MIIBlTCCATygAwIBAgIUC9hswRRkpWHYetexpbDSwQDeSsgwCgYIKoZIzj0EAwIw
    LTEXMBUGA1UECgwOUGlsbGlvbiwgdGVzdHMxEjAQBgNVBAMMCUF1dGhvcml0eTAg
    Fw0xODA5MDYyMzM4MzFaGA8yMTE4MDgxMzIzMzgzMVowKjEXMBUGA1UECgwOUGls
    bGlvbiwgdGVzdHMxDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49
    AwEHA0IABEWGmXxp4SQWFo+pa5umrn3EB1zGhioiAGRd+P9LsRMwWFQ4VJ7m1yYK
    DglcqWe3u9D49jtqptwxkn4rGbQYC9SjOzA5MAwGA1UdEwEB/wQCMAAwFAYDVR0R
    BA0wC4IJbG9jYWxob3N0MBMGA1UdJQQMMAoGCCsGAQUFBwMBMAoGCCqGSM49BAMC
    A0cAMEQCIFivKIAjBYK44QBSijacSt6btzvt95EY7wp2tZ/kdfPaAiB/M5QKyLDE
    YfizGnD13/UQxII5xaQ7mPwBqOf9EBPxRw==
    -----END CERTIFICATE-----
    """.utf8)

  /// Of `server`.
  static let serverKey = Array(
    """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJP6F/H+mGxuAPoh9
    IynXyh78qm/UgQWNz3kzdJ03G3ShRANCAARFhpl8aeEkFhaPqWubpq59xAdcxoYq
    IgBkXfj/S7ETMFhUOFSe5tcmCg4JXKlnt7vQ+PY7aqbcMZJ+Kxm0GAvU
    -----END PRIVATE KEY-----
    """.utf8)

  /// With names of every kind.
  static let client = Array(
    """
    -----BEGIN CERTIFICATE-----
    MIICGzCCAcGgAwIBAgIUdQRzEbetp8El+ig9wQ39tJeuD5swCgYIKoZIzj0EAwIw
    LTEXMBUGA1UECgwOUGlsbGlvbiwgdGVzdHMxEjAQBgNVBAMMCUF1dGhvcml0eTAg
    Fw0xODA5MDYyMzM4MzFaGA8yMTE4MDgxMzIzMzgzMVowQzELMAkGA1UEBhMCU0Ux
    EzARBgNVBAoMClNob3AsIEluYy4xCjAIBgNVBAUTATcxEzARBgNVBAMMCiNvcmRl
    cnM9Q04wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASh65UrO40Z4oQEmsxrZnwK
    M+WOgKcoiG0HnrrB/DwmL7twC98vQ3nrG3GbqiJ2MUACYGF/kmGDmR8ConSjggwc
    o4GmMIGjMAwGA1UdEwEB/wQCMAAwfgYDVR0RBHcwdYILb3JkZXJzLnNob3CCDSou
    b3JkZXJzLnNob3CGFHNwaWZmZTovL3Nob3Avb3JkZXJzgQtvcmRlcnNAc2hvcIYT
    aHR0cHM6Ly9zaG9wL29yZGVyc6QfMB0xGzAZBgNVBAMMEnNwaWZmZTovL3Nob3Av
    cm9vdDATBgNVHSUEDDAKBggrBgEFBQcDAjAKBggqhkjOPQQDAgNIADBFAiEAx/Nk
    3rCQd5YOZFdy4y8/8Ah80DGEJ0REj02YS+u8fM0CICkQl4b+dDD+FipiFnVv/ujl
    OKzvlgToS1pnuVPWh5nH
    -----END CERTIFICATE-----
    """.utf8)

  /// Of `client`.
  static let clientKey = Array(
    """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT/jTHa4P71arj+ks
    B5lD4TDJMcYy2hh7rb4IjgPk5QWhRANCAASh65UrO40Z4oQEmsxrZnwKM+WOgKco
    iG0HnrrB/DwmL7twC98vQ3nrG3GbqiJ2MUACYGF/kmGDmR8ConSjggwc
    -----END PRIVATE KEY-----
    """.utf8)
}
