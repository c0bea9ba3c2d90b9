// Command paramedic finds out what is wrong with a Kubernetes cluster, proves it, and fixes it once people approve.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paramedic-bot/paramedic/internal/cli"
)

// version is set when the program is built.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, version, os.Args, os.Stdout, os.Stderr))
}
