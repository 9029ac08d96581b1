import Blog

BlogServer.make().main()
