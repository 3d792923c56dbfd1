"""What a run is measured against in the same rounds: another OpenVINO, model or target; and the pinned workload that history needs."""
