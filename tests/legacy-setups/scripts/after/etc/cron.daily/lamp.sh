#!/bin/sh
fbcp &
