module checkout

go 1.24
