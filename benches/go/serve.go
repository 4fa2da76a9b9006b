// The servers of the rows about connections: a goroutine for each of them.

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
)

// serve runs a server until it is killed.
func serve(what string, workers, port int) error {
	runtime.GOMAXPROCS(workers)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	switch what {
	case "echo":
		return echo(listener)
	case "http":
		return http.Serve(listener, http.HandlerFunc(hello))
	}
	return fmt.Errorf("go does not serve %s", what)
}

func echo(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go back(connection)
	}
}

// back reads and writes by hand: io.Copy would splice, which is slower for a few bytes.
func back(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 1024)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func hello(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "Hello, World!")
}
