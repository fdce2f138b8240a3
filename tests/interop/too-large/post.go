// Posts a body of a length and prints the status of the answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func main() {
	length, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequest("POST", os.Args[1], io.LimitReader(zeros{}, length))
	if err != nil {
		panic(err)
	}
	request.ContentLength = length
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(answer.StatusCode)
}
