package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	tp "peer/testpb"
)

// echoServer answers at once: what grpc-go itself costs.
type echoServer struct {
	tp.UnimplementedTestServiceServer
}

func (*echoServer) EmptyCall(context.Context, *tp.Empty) (*tp.Empty, error) { return &tp.Empty{}, nil }

func (*echoServer) StreamingOutputCall(q *tp.StreamingOutputCallRequest, out tp.TestService_StreamingOutputCallServer) error {
	for _, p := range q.ResponseParameters {
		answer := &tp.StreamingOutputCallResponse{Payload: &tp.Payload{Body: make([]byte, p.Size)}}
		if err := out.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

// serveEcho takes a port and, for TLS, the files of a certificate and its key.
func serveEcho(args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		log.Fatal(err)
	}
	var options []grpc.ServerOption
	if len(args) == 3 {
		security, err := credentials.NewServerTLSFromFile(args[1], args[2])
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(security))
	}
	g := grpc.NewServer(options...)
	tp.RegisterTestServiceServer(g, &echoServer{})
	fmt.Printf("go (echo) on %s\n", args[0])
	log.Fatal(g.Serve(l))
}
