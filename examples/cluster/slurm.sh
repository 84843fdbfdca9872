#!/bin/bash
#SBATCH --job-name=flamingo-data
#SBATCH --array=0-7
#SBATCH --requeue
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
# One task for each part of the work: IN=in OUT=out sbatch --export=ALL slurm.sh
# A task that is preempted is queued again and goes on after the last tar that is whole; nothing is written twice.
set -euo pipefail
exec flamingo data pack "$IN" --out "$OUT" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --shard-records "${RECORDS:-10000}"
